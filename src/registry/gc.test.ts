import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Digest, digestOf, hexOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Store } from "../store/store.ts";
import { useTestStore } from "../store/testing/disk.ts";
import { collect, type CollectOptions, type Collected, type Found } from "./gc.ts";
import { keys } from "./keys.ts";
import { deleteManifest } from "./manifests.ts";
import { expectGrace, findBlob, openRepositories } from "./repositories.ts";
import { ageAll, pushImage, pushIndex, pushLayer, whatIsMissing } from "./testing/images.ts";

const hour = 3_600_000;
const layer = (): Buffer => randomBytes(100);

let store: Store;
const under = useTestStore((opened) => {
  store = opened;
});

async function run(options: Partial<CollectOptions> = {}): Promise<{ result: Collected; found: Found[] }> {
  const found: Found[] = [];
  const result = await collect(store, { grace: hour, onFound: (one) => found.push(one), ...options });
  return { result, found };
}

const age = (): Promise<void> => ageAll(under.folder, 2 * hour);
const has = async (digest: Digest): Promise<boolean> => (await store.statBlob(digest)) !== undefined;

describe("a collection", () => {
  it("leaves every image whole, however old", async () => {
    await pushImage(store, "library/debian", ["12", "latest"], [layer(), layer()]);
    const child = await pushImage(store, "app", [], [layer()]);
    await pushIndex(store, "app", ["multi"], [child]);
    await age();
    for (const untagged of [false, true]) {
      const { result, found } = await run({ untagged });
      expect(found).toEqual([]);
      expect(result).toMatchObject({ blobs: 0, bytes: 0, links: 0, unreadable: 0 });
    }
    expect(await whatIsMissing(store, "library/debian", "12")).toEqual([]);
    expect(await whatIsMissing(store, "app", "multi")).toEqual([]);
  });

  it("takes blobs that no manifest refers to, when they are old, and empty repositories", async () => {
    const bytes = layer();
    const digest = await pushLayer(store, "left", bytes);
    expect((await run()).found).toEqual([]);
    await age();
    const young = await pushLayer(store, "other", layer());
    const { result, found } = await run();
    expect(found).toEqual([
      { kind: "link", repository: "left", name: digest },
      { kind: "repository", repository: "left" },
      { kind: "blob", name: digest, bytes: 100 },
    ]);
    expect(result).toMatchObject({ links: 1, blobs: 1, bytes: 100, repositories: 1 });
    expect(await has(digest)).toBe(false);
    expect(await has(young)).toBe(true);
    expect(await store.list("catalog")).toEqual(["other"]);
    await pushLayer(store, "left", bytes);
    expect(await has(digest)).toBe(true);
  });

  it("finds the same in a dry run and takes nothing", async () => {
    const digest = await pushLayer(store, "left", layer());
    await pushImage(store, "app", ["1"], [layer()]);
    await pushImage(store, "app", [], [layer()]);
    const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await age();
    const dry = await run({ dryRun: true, untagged: true });
    expect(await has(digest)).toBe(true);
    expect(await store.openUpload(upload.id)).toBeDefined();
    const real = await run({ untagged: true });
    expect(order(dry.found)).toEqual(order(real.found));
    expect(real.result).toMatchObject({ links: 2, manifests: 1, blobs: 3, uploads: 1 });
    expect((await run({ untagged: true })).found).toEqual([]);
  });

  it("takes the layers of a deleted image that no other image of the repository has", async () => {
    const [shared, own] = [layer(), layer()];
    const gone = await pushImage(store, "app", ["1"], [shared, own]);
    await pushImage(store, "app", ["2"], [shared]);
    await pushImage(store, "copy", ["1"], [own]);
    await deleteManifest(openRepositories(store), "app", gone, undefined);
    await age();
    const { found } = await run();
    expect(found).toEqual([
      { kind: "link", repository: "app", name: digestOf(own) },
      { kind: "blob", name: gone, bytes: expect.any(Number) },
    ]);
    expect(await whatIsMissing(store, "app", "2")).toEqual([]);
    expect(await whatIsMissing(store, "copy", "1")).toEqual([]);
  });

  it("takes manifests that no tag reaches only where it is asked to", async () => {
    const loose = await pushImage(store, "app", [], [layer()]);
    const child = await pushImage(store, "app", [], [layer()]);
    const index = await pushIndex(store, "app", [], [child]);
    const outer = await pushIndex(store, "app", ["multi"], [index]);
    const subject = { mediaType: mediaTypes.ociIndex, digest: outer, size: 1 };
    const signature = await pushImage(store, "app", [], [layer()], { subject });
    const nested = { mediaType: mediaTypes.ociManifest, digest: signature, size: 1 };
    const onSignature = await pushImage(store, "app", [], [layer()], { subject: nested });
    const lost = { mediaType: mediaTypes.ociManifest, digest: loose, size: 1 };
    const onLoose = await pushImage(store, "app", [], [layer()], { subject: lost });
    await age();
    expect((await run()).found).toEqual([]);
    const { found } = await run({ untagged: true });
    const gone = found.filter(({ kind }) => kind === "manifest").map(({ name }) => name);
    expect(new Set(gone)).toEqual(new Set([loose, onLoose]));
    expect(found.filter(({ kind }) => kind === "referrer")).toEqual([
      { kind: "referrer", repository: "app", name: onLoose },
    ]);
    for (const digest of [outer, signature, onSignature]) {
      expect(await whatIsMissing(store, "app", digest)).toEqual([]);
    }
    expect(await store.list(keys.allReferrers("app"))).toHaveLength(2);
  });

  it.each([true, false])("takes a tag whose manifest is gone (untagged: %s)", async (untagged) => {
    const digest = await pushImage(store, "app", ["1"], [layer()]);
    await pushImage(store, "app", ["2"], [layer()]);
    await store.delete(keys.manifest("app", digest));
    expect((await run({ untagged })).found).toEqual([]);
    await age();
    const { found } = await run({ untagged });
    expect(found).toContainEqual({ kind: "tag", repository: "app", name: "1" });
    expect(await store.list(keys.tags("app"))).toEqual(["2"]);
  });

  it("leaves what a client was told to be there, however short its grace is", async () => {
    const grace = 2000;
    expectGrace(store, grace);
    const digest = await pushLayer(store, "app", layer());
    // Older than half of the grace: about to be taken while the client sends the rest.
    await ageAll(under.folder, 1500);
    expect(await findBlob(openRepositories(store), "app", digest, { touch: true })).toBeDefined();
    const later = Date.now() + 1500;
    expect((await run({ grace, now: later })).found).toEqual([]);
    expect((await run({ grace, now: later + grace })).result).toMatchObject({ links: 1, blobs: 1 });
  });

  it("keeps all layers of a repository one of whose manifests cannot be read", async () => {
    const bytes = layer();
    const digest = await pushImage(store, "app", ["1"], [bytes]);
    await pushLayer(store, "app", Buffer.from("unused"));
    const hex = hexOf(digest);
    await rm(join(under.folder, "blobs", "sha256", hex.slice(0, 2), hex));
    await age();
    const { result, found } = await run();
    expect(found).toEqual([]);
    expect(result.unreadable).toBe(1);
    expect(await has(digestOf(bytes))).toBe(true);
  });

  it("keeps what a manifest of an unknown kind refers to, at any depth", async () => {
    const [held, subject, named] = [layer(), layer(), layer()];
    for (const bytes of [held, subject, named]) await pushLayer(store, "app", bytes);
    let blobs: unknown = [descriptor(held)];
    for (let i = 0; i < 25; i++) blobs = { more: [blobs] };
    await pushImage(store, "app", ["1"], [], {
      blobs,
      subject: { ...descriptor(subject), mediaType: mediaTypes.ociManifest },
      annotations: { digest: digestOf(named) },
    });
    await age();
    await run();
    expect(await has(digestOf(held))).toBe(true);
    expect(await has(digestOf(subject))).toBe(false);
    expect(await has(digestOf(named))).toBe(false);
  });

  it("gives up uploads that nobody goes on with, and no others", async () => {
    const old = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await age();
    const young = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    const { found } = await run();
    expect(found).toEqual([{ kind: "upload", repository: "app", name: old.id }]);
    expect(await store.openUpload(old.id)).toBeUndefined();
    expect(await store.openUpload(young.id)).toBeDefined();
  });

  it("stops when it is told to, and the next one goes on", async () => {
    for (let i = 0; i < 20; i++) await pushLayer(store, `app${i}`, layer());
    await age();
    const stop = new AbortController();
    const found: Found[] = [];
    const stopped = run({
      signal: stop.signal,
      onFound(one) {
        found.push(one);
        if (found.length === 5) stop.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(found.length).toBeLessThan(20);
    await run();
    expect(await store.listBlobs({ limit: 10 })).toEqual([]);
    expect(await store.list("links")).toEqual([]);
    expect(await store.list("catalog")).toEqual([]);
  });
});

/** What was found, whatever the order; a dry run cannot see which repositories would be empty. */
function order(found: Found[]): string[] {
  return found
    .filter(({ kind }) => kind !== "repository")
    .map((one) => JSON.stringify(one))
    .sort();
}

function descriptor(bytes: Buffer): object {
  return { mediaType: "x/y", digest: digestOf(bytes), size: bytes.length };
}
