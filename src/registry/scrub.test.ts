import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, truncate, utimes, writeFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Digest, digestOf, hexOf } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { readBlob } from "../store/testing/blobs.ts";
import { useTestStore } from "../store/testing/disk.ts";
import { keys } from "./keys.ts";
import { type Damage, scrub, type ScrubOptions, type Scrubbed } from "./scrub.ts";
import { pushImage, pushIndex, pushLayer, whatIsMissing } from "./testing/images.ts";

let store: Store;
const under = useTestStore((opened) => {
  store = opened;
});

async function run(options: ScrubOptions = {}): Promise<{ result: Scrubbed; damages: Damage[] }> {
  const damages: Damage[] = [];
  const result = await scrub(store, { onDamaged: (damage) => damages.push(damage), ...options });
  return { result, damages };
}

function pathOf(digest: Digest): string {
  const hex = hexOf(digest);
  return join(under.folder, "blobs", "sha256", hex.slice(0, 2), hex);
}

/** Changes one bit as a failing disk does: neither size nor times show it. */
async function rot(digest: Digest): Promise<void> {
  const path = pathOf(digest);
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
}

describe("a scrub", () => {
  it("of a sound store reads everything and names nothing", async () => {
    const big = randomBytes(3_000_000);
    await pushImage(store, "app", ["1"], [big, randomBytes(10)]);
    let progress = 0;
    const { result, damages } = await run({ onProgress: (bytes) => (progress += bytes) });
    expect(damages).toEqual([]);
    expect(result).toMatchObject({ blobs: 4, damages: 0 });
    expect(result.bytes).toBeGreaterThan(3_000_010);
    expect(progress).toBe(result.bytes);
  });

  it("names what is damaged and every image that it harms", async () => {
    const [shared, own, alone] = [randomBytes(2_000_000), randomBytes(100), randomBytes(50)];
    await pushImage(store, "app", ["1", "latest"], [shared, own]);
    const untagged = await pushImage(store, "app", [], [shared]);
    const child = await pushImage(store, "lib/multi", [], [shared, randomBytes(9)]);
    const index = await pushIndex(store, "lib/multi", ["2"], [child]);
    await pushIndex(store, "lib/multi", ["3"], [index]);
    await pushImage(store, "sound", ["1"], [randomBytes(10)]);
    await pushLayer(store, "uploads", alone);
    await rot(digestOf(shared));
    await rot(digestOf(alone));
    await truncate(pathOf(digestOf(own)), 99);
    const { result, damages } = await run();
    expect(result.damages).toBe(3);
    const harms = new Map(damages.map((damage) => [damage.digest, damage.harms.sort()]));
    expect(harms.get(digestOf(shared))).toEqual(
      ["app:1", "app:latest", `app@${untagged}`, "lib/multi:2", "lib/multi:3"].sort(),
    );
    expect(harms.get(digestOf(own))).toEqual(["app:1", "app:latest"]);
    expect(harms.get(digestOf(alone))).toEqual(["uploads"]);
    expect(damages.every(({ problem, setAside }) => problem === "damaged" && !setAside)).toBe(true);
    expect(await store.statBlob(digestOf(shared))).toBeDefined();
  });

  it("names blobs and manifests that are gone although a repository holds them", async () => {
    const layer = randomBytes(100);
    const digest = await pushImage(store, "app", ["1"], [layer]);
    const other = await pushImage(store, "other", ["1"], [randomBytes(100)]);
    await rm(pathOf(digestOf(layer)));
    await rm(pathOf(other));
    const { damages } = await run({ quarantine: true });
    expect(damages).toHaveLength(2);
    expect(damages).toContainEqual({
      digest: digestOf(layer),
      problem: "missing",
      setAside: false,
      harms: ["app:1"],
    });
    expect(damages).toContainEqual({
      digest: other,
      problem: "missing",
      setAside: false,
      harms: ["other:1"],
    });
    expect(await whatIsMissing(store, "app", digest)).toEqual([digestOf(layer)]);
  });

  it("names a damaged manifest by the tags that lead to it", async () => {
    const child = await pushImage(store, "app", [], [randomBytes(10)]);
    await pushIndex(store, "app", ["1"], [child]);
    await rot(child);
    expect((await run()).damages).toMatchObject([{ digest: child, harms: ["app:1"] }]);
  });

  it("sets damaged blobs aside, and a push heals the image", async () => {
    const layer = randomBytes(300_000);
    const other = randomBytes(100);
    await pushImage(store, "app", ["1"], [layer]);
    await rot(digestOf(layer));
    await rot(await pushImage(store, "app", ["2"], [other]));
    const { damages } = await run({ quarantine: true });
    expect(damages).toHaveLength(2);
    expect(damages.every(({ setAside }) => setAside)).toBe(true);
    expect(damages.flatMap(({ harms }) => harms).sort()).toEqual(["app:1", "app:2"]);
    expect(await store.statBlob(digestOf(layer))).toBeUndefined();
    expect(await readdir(join(under.folder, "damaged"))).toHaveLength(2);
    await pushImage(store, "app", ["1"], [layer]);
    expect((await readBlob(store, digestOf(layer))).equals(layer)).toBe(true);
    await pushImage(store, "app", ["2"], [other]);
    expect(await whatIsMissing(store, "app", "1")).toEqual([]);
    expect(await whatIsMissing(store, "app", "2")).toEqual([]);
    expect((await run()).damages).toEqual([]);
  });

  it("never sets a sound blob aside", async () => {
    const digest = await pushLayer(store, "app", randomBytes(100));
    expect(await store.setAsideBlob?.(digest)).toBe(false);
    expect(await store.setAsideBlob?.(digestOf(Buffer.from("none")))).toBe(false);
    expect(await store.statBlob(digest)).toBeDefined();
  });

  it("is not troubled by what is pushed and deleted meanwhile", async () => {
    const doomed = await pushLayer(store, "app", randomBytes(100));
    for (let i = 0; i < 10; i++) await pushLayer(store, "app", randomBytes(100));
    const meanwhile: Promise<unknown>[] = [];
    const started = run({
      onProgress() {
        const unlinked = store.delete(keys.link("app", doomed));
        meanwhile.push(
          pushLayer(store, "late", randomBytes(20)),
          unlinked.then(() => store.deleteBlob(doomed, Date.now() + 1000)),
        );
      },
    });
    expect((await started).damages).toEqual([]);
    expect(meanwhile.length).toBeGreaterThan(10);
    await Promise.all(meanwhile);
  });

  it("stops when it is told to", async () => {
    await pushLayer(store, "app", randomBytes(5_000_000));
    const stop = new AbortController();
    const stopped = run({ signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) });
    await expect(stopped).rejects.toThrow("enough");
  });
});
