import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { digestOf } from "../src/oci/digest.ts";
import { type Ledger, newLedger } from "./support/ledger.ts";
import { checkRegistry, sorted, storedIn, thingsOf } from "./support/registry-check.ts";
import { deleteImage, pushImage, type RegistryClient, workOn } from "./support/registry-client.ts";
import { ddiff } from "./support/run.ts";
import { bytesOf, randomOf } from "./support/seeded.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const megabyte = 1 << 20;
const seed = 20_26;
const grace = 1500;

describePlace("full-disk", firstMissing(notRoot(), toolMissing("mount")), () => {
  let folder = "";
  let disk = "";
  let server: TestServer | undefined;
  let ledger: Ledger;
  let config: string[] = [];
  let names = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-server-full-"));
    disk = join(folder, "disk");
    await mkdir(disk);
    config = ["--config", join(folder, "server.yaml")];
    writeFileSync(join(folder, "server.yaml"), `data: disk/data\ngc: { every: never, grace: ${grace}ms }\n`);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "ddiff-test", disk]);
    ledger = newLedger();
    server = await startServer(config);
  });
  afterEach(async () => {
    await server?.stop("SIGKILL");
    execFileSync("umount", [disk]);
  });

  function clientOf(url: string, at: number, isOver: () => boolean): RegistryClient {
    return {
      url,
      name: `client${at}`,
      ledger,
      random: randomOf(seed + at),
      nextName: () => `full ${names++}`,
      largest: 2 * megabyte,
      forgiving: true,
      isOver,
    };
  }

  /** Bytes that are free. */
  async function room(): Promise<number> {
    const { bavail, bsize } = await statfs(disk);
    return bavail * bsize;
  }

  /** Takes all that is free but for so many bytes. */
  async function leave(bytes: number): Promise<void> {
    const free = await room();
    if (free > bytes) appendFileSync(join(disk, "ballast"), Buffer.alloc(free - bytes, 1));
  }

  it("is survived by a server that many push to, and what it acknowledged stays whole", async () => {
    const running = server as TestServer;
    let over = false;
    const clients = [0, 1, 2, 3].map((at) => clientOf(running.url, at, () => over));
    const work = Promise.all(clients.map(workOn));
    while (ledger.counts.pushes <= 5) await sleep(100);
    // Fuller and fuller, as if another program wrote there as well.
    for (let left = 16; left >= 0; left -= 2) {
      await leave(left * megabyte);
      await sleep(400);
    }
    while (ledger.counts.failures <= 5) await sleep(100);
    over = true;
    await work;
    expect(running.child.exitCode).toBeNull();
    // Uploads that were cut short cannot go on yet; the others are as they were promised.
    ledger.uploads.clear();
    expect((await checkRegistry(running.url, ledger, grace)).images).toBeGreaterThan(3);

    // Room comes back by what anyone can do: deletes and a collection.
    const images = [...ledger.images.values()];
    for (const image of images.slice(0, Math.ceil(images.length / 2)))
      await deleteImage(
        clientOf(running.url, 0, () => false),
        image,
      );
    await sleep(grace + 100);
    const before = await room();
    expect(await ddiff(["server", "gc", ...config])).toMatchObject({ status: 0 });
    expect(await room()).toBeGreaterThan(before);
    await checkRegistry(running.url, ledger, grace);
    expect(sorted(await storedIn(join(disk, "data")))).toEqual(thingsOf(ledger));

    const pushes = ledger.counts.pushes;
    rmSync(join(disk, "ballast"));
    const client = { ...clientOf(running.url, 9, () => false), forgiving: false };
    for (let count = 0; count < 3; count++) await pushImage(client);
    expect(ledger.counts.pushes).toBe(pushes + 3);
    await checkRegistry(running.url, ledger, grace);
  }, 120_000);

  it("is answered 507, for a layer, a manifest and a tag, with the old ones as they were", async () => {
    const { url } = server as TestServer;
    const client = { ...clientOf(url, 0, () => false), forgiving: false };
    const image = await pushImage(client);
    await leave(0);
    const bytes = bytesOf("does not fit", megabyte);
    const post = await fetch(`${url}/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`, {
      method: "POST",
      body: new Uint8Array(bytes),
    });
    expect(post.status).toBe(507);
    expect(await post.json()).toMatchObject({ errors: [{ message: "the registry's disk is full" }] });
    for (const reference of ["other", "other2"]) {
      const put = await fetch(`${url}/v2/${image.repository}/manifests/${reference}`, {
        method: "PUT",
        headers: { "Content-Type": "application/vnd.oci.image.manifest.v1+json" },
        body: new Uint8Array(image.bytes),
      });
      expect(put.status).toBe(507);
    }
    await checkRegistry(url, ledger, grace);
  });

  it("does not keep a server from starting after a kill, nor from making room", async () => {
    const before = server as TestServer;
    const client = { ...clientOf(before.url, 0, () => false), forgiving: false };
    const [one] = [await pushImage(client), await pushImage(client), await pushImage(client)];
    await leave(0);
    await before.stop("SIGKILL");
    await leave(0);
    server = await startServer(config);
    await checkRegistry(server.url, ledger, grace);
    await deleteImage({ ...client, url: server.url }, one);
    await sleep(grace + 100);
    expect(await ddiff(["server", "gc", ...config])).toMatchObject({ status: 0 });
    expect(await room()).toBeGreaterThan(0);
    await checkRegistry(server.url, ledger, grace);
  });
});
