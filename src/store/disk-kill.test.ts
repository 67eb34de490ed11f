import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { openDiskStore } from "./disk-store.ts";
import type { Store } from "./store.ts";
import { piecesOf, readBlob } from "./testing/blobs.ts";
import { bytesOf, objectBytes } from "./testing/writer-child.ts";

const rounds = Number(process.env["DDIFF_KILL_ROUNDS"] ?? 20);
const child = new URL("testing/writer-child.ts", import.meta.url).pathname;

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ddiff-kill-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What a writer acknowledged before it was killed. */
interface Acknowledged {
  /** The last write or delete of each object. */
  objects: Map<string, { n: number; deleted: boolean }>;
  /** Blobs by their seed. */
  blobs: Map<string, number>;
  /** Uploads by their id, those that were not finished. */
  uploads: Map<string, { seed: string; size: number; there: number }>;
}

async function writeAndKill(name: string): Promise<Acknowledged> {
  const said: Acknowledged = { objects: new Map(), blobs: new Map(), uploads: new Map() };
  const writer = spawn(process.execPath, [child, folder, name], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: writer.stdout });
  const ended = Promise.all([once(lines, "close"), once(writer, "exit")]);
  lines.on("line", (line) => {
    const [what = "", a = "", b = "", c = "", d = ""] = line.split(" ");
    if (what === "put" || what === "delete")
      said.objects.set(a, { n: Number(b), deleted: what === "delete" });
    if (what === "append") said.uploads.set(a, { seed: b, size: Number(c), there: Number(d) });
    if (what !== "finish") return;
    said.blobs.set(a, Number(b));
    for (const [id, { seed }] of said.uploads) if (seed === a) said.uploads.delete(id);
  });
  await once(lines, "line");
  await sleep(randomInt(250));
  writer.kill("SIGKILL");
  await ended;
  return said;
}

async function check(store: Store, { objects, blobs, uploads }: Acknowledged): Promise<void> {
  for (const [key, { n, deleted }] of objects) {
    const bytes = (await store.get(key))?.bytes;
    // What was under way when the kill came may be done as well: whole, or not at all.
    const possible = [deleted ? undefined : objectBytes(key, n), afterwards(key, n)];
    const whole = possible.some(
      (one) => one === bytes || (bytes !== undefined && one?.equals(bytes) === true),
    );
    expect(whole, `${key} after ${n}: ${bytes?.subarray(0, 60).toString()}`).toBe(true);
  }
  for (const [seed, size] of blobs) {
    const bytes = bytesOf(seed, size);
    expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
  }
  for (const [id, { seed, size, there }] of uploads) {
    const bytes = bytesOf(seed, size);
    const upload = await store.openUpload(id);
    if (upload === undefined || upload.size < there) {
      // The end was under way: then the blob is whole.
      expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
      continue;
    }
    await upload.append(piecesOf(bytes.subarray(upload.size)));
    await upload.finish(digestOf(bytes));
    expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
  }
}

/** What the writer's next step on the same object leaves: it goes through five in turn, and deletes at every seventh step. */
function afterwards(key: string, n: number): Buffer | undefined {
  return (n + 5) % 7 === 6 ? undefined : objectBytes(key, n + 5);
}

it(`a writer that is killed ${rounds} times loses nothing that it acknowledged and leaves nothing in part`, {
  timeout: rounds * 10_000,
}, async () => {
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    const said = await writeAndKill(`r${round}`);
    acknowledged += said.objects.size + said.blobs.size + said.uploads.size;
    const store = await openDiskStore(folder);
    try {
      expect(await readdir(join(folder, "temporary"))).toEqual([]);
      await check(store, said);
    } finally {
      await store.close();
    }
  }
  expect(acknowledged).toBeGreaterThan(rounds * 2);
  const store = await openDiskStore(folder);
  let blobs = 0;
  for (const digest of await store.listBlobs({ limit: 1_000_000 })) {
    expect(digestOf(await readBlob(store, digest))).toBe(digest);
    blobs++;
  }
  expect(blobs).toBeGreaterThan(0);
  // Uploads that nobody heard of, and those whose blob was made just before the kill, can be given up.
  for (const id of await store.staleUploads(Date.now() + 1000)) await (await store.openUpload(id))?.cancel();
  expect(await readdir(join(folder, "uploads"))).toEqual([]);
  await store.close();
});
