import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../../oci/digest.ts";
import type { Store } from "../store.ts";
import { piecesOf, pushBlob, readBlob } from "./blobs.ts";

/** The part of the contract that is about blobs and uploads; called inside a `describe` that opens and disposes of the store. */
export function blobContract(under: () => { store: Store; reopen(): Promise<Store> }, tick: number): void {
  const later = (): number => Date.now() + 2 * tick;
  let store: Store;
  beforeEach(() => {
    store = under().store;
  });

  describe("blobs", () => {
    it("are read as they were pushed, also after a restart", async () => {
      for (const size of [0, 1, 2, 100_000, 262_144, 262_145, 9_000_000]) {
        const bytes = randomBytes(size);
        expect(await store.statBlob(digestOf(bytes))).toBeUndefined();
        const before = Date.now();
        const digest = await pushBlob(store, bytes);
        expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
        const info = await store.statBlob(digest);
        expect(info?.size).toBe(size);
        expect(info?.modified).toBeGreaterThan(before - tick);
        if (size === 9_000_000) store = await under().reopen();
        expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
      }
    });

    it("may be named by sha512", async () => {
      const bytes = randomBytes(70_000);
      const digest = digestOf(bytes, "sha512");
      // Whatever the upload was begun for: the digest at its end counts.
      for (const digestAlgorithm of ["sha512", "sha256"] as const) {
        const upload = await store.createUpload({ repository: "app", digestAlgorithm });
        await upload.append(piecesOf(bytes));
        await upload.finish(digest);
        expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
        expect(await store.statBlob(digestOf(bytes))).toBeUndefined();
        expect(await store.deleteBlob(digest, later())).toBe(true);
      }
    });

    it("give any range of their bytes", async () => {
      const bytes = randomBytes(1_500_000);
      const digest = await pushBlob(store, bytes);
      const at = fc.integer({ min: 0, max: bytes.length });
      await fc.assert(
        fc.asyncProperty(at, at, async (a, b) => {
          const range = { start: Math.min(a, b), end: Math.max(a, b) };
          expect((await readBlob(store, digest, range)).equals(bytes.subarray(range.start, range.end))).toBe(
            true,
          );
        }),
        {
          numRuns: 25,
          examples: [
            [0, 0],
            [0, bytes.length],
            [bytes.length, bytes.length],
            [0, 1],
          ],
        },
      );
    });

    it("are read by many at once, and readers who leave do not disturb the others", async () => {
      const bytes = randomBytes(3_000_000);
      const digest = await pushBlob(store, bytes);
      await Promise.all(
        Array.from({ length: 24 }, async (_, i) => {
          const stream = await store.openBlob(digest);
          if (i % 3 === 0) {
            stream.destroy();
            return;
          }
          const chunks: Buffer[] = [];
          for await (const chunk of stream) chunks.push(chunk as Buffer);
          expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
        }),
      );
    });

    it("that are not there are said to be missing", async () => {
      const digest = digestOf(Buffer.from("nothing"));
      await expect(store.openBlob(digest)).rejects.toMatchObject({ code: "BLOB_MISSING" });
      expect(await store.touchBlob(digest)).toBe(false);
      expect(await store.deleteBlob(digest, later())).toBe(false);
    });

    it("are deleted only when nobody pushed or touched them since", async () => {
      const bytes = randomBytes(100);
      const digest = await pushBlob(store, bytes);
      const { modified } = (await store.statBlob(digest)) ?? { modified: 0 };
      expect(await store.deleteBlob(digest, modified)).toBe(false);
      await sleep(tick);
      const since = Date.now();
      await sleep(tick);
      expect(await store.touchBlob(digest)).toBe(true);
      expect(await store.deleteBlob(digest, since)).toBe(false);
      await sleep(tick);
      const again = Date.now();
      await sleep(tick);
      await pushBlob(store, bytes);
      expect(await store.deleteBlob(digest, again)).toBe(false);
      expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
      expect(await store.deleteBlob(digest, later())).toBe(true);
      expect(await store.statBlob(digest)).toBeUndefined();
      await pushBlob(store, bytes);
      expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
    });

    it("are as old as their push, however long ago their upload was begun", async () => {
      const bytes = randomBytes(2_000_000);
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      await upload.append(piecesOf(bytes));
      await sleep(tick);
      const since = Date.now();
      await sleep(tick);
      await upload.finish(digestOf(bytes));
      expect(await store.deleteBlob(digestOf(bytes), since)).toBe(false);
    });

    it("are listed in byte order, page by page", async () => {
      const digests: Digest[] = [];
      for (let i = 0; i < 23; i++) digests.push(await pushBlob(store, Buffer.from(`blob ${i}`)));
      const long = Buffer.from("long");
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha512" });
      await upload.append(piecesOf(long));
      await upload.finish(digestOf(long, "sha512"));
      digests.push(digestOf(long, "sha512"));
      const listed: Digest[] = [];
      for (;;) {
        const after = listed.at(-1);
        const page = await store.listBlobs({ limit: 5, ...(after === undefined ? {} : { after }) });
        expect(page.length).toBeLessThanOrEqual(5);
        if (page.length === 0) break;
        listed.push(...page);
      }
      expect(listed).toEqual([...digests].sort());
    });

    it("pushed by many at once are there once and whole", async () => {
      const bytes = randomBytes(400_000);
      await Promise.all(Array.from({ length: 8 }, (_, i) => pushBlob(store, bytes, `app${i}`)));
      expect(await store.listBlobs({ limit: 10 })).toEqual([digestOf(bytes)]);
      expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
    });
  });

  describe("uploads", () => {
    it("have ids that cannot be guessed, and know their repository", async () => {
      const upload = await store.createUpload({ repository: "library/debian", digestAlgorithm: "sha256" });
      expect(upload.id).toMatch(/^[A-Za-z0-9_-]{22,}$/);
      expect(upload.size).toBe(0);
      const found = await store.openUpload(upload.id);
      expect(found?.repository).toBe("library/debian");
      expect(found?.id).toBe(upload.id);
    });

    it("of ids that were never given out are not there", async () => {
      const ids = [
        "",
        ".",
        "..",
        "../blobs",
        "a/b",
        "x".repeat(22),
        "x".repeat(5000),
        "\0".repeat(22),
        "%2e%2e",
      ];
      for (const id of ids) expect(await store.openUpload(id)).toBeUndefined();
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: "binary" }), async (id) => {
          expect(await store.openUpload(id)).toBeUndefined();
        }),
        { numRuns: 30 },
      );
    });

    it("come in chunks, and go on after a restart", async () => {
      const bytes = randomBytes(7_000_000);
      const { id } = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      const cuts = [0, 10, 3_000_000, 3_000_001, 6_500_000, bytes.length];
      for (const [i, start] of cuts.slice(0, -1).entries()) {
        const upload = await store.openUpload(id);
        expect(upload?.size).toBe(start);
        const size = await upload?.append(piecesOf(bytes.subarray(start, cuts[i + 1])));
        expect(size).toBe(cuts[i + 1]);
        if (i % 2 === 0) store = await under().reopen();
      }
      const digest = digestOf(bytes);
      await (await store.openUpload(id))?.finish(digest);
      expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
      expect(await store.openUpload(id)).toBeUndefined();
    });

    it("keep what came before the source failed", async () => {
      const bytes = randomBytes(12_000_000);
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      async function* broken(): AsyncGenerator<Buffer, void, void> {
        yield* piecesOf(bytes.subarray(0, 11_000_000));
        throw new Error("the line is cut");
      }
      await expect(upload.append(broken())).rejects.toThrow("the line is cut");
      expect(upload.size).toBeGreaterThan(0);
      expect(upload.size).toBeLessThanOrEqual(11_000_000);
      await upload.append(piecesOf(bytes.subarray(upload.size)));
      await upload.finish(digestOf(bytes));
      expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
    });

    it("take one call at a time", async () => {
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      const same = await store.openUpload(upload.id);
      const { promise: gate, resolve: go } = Promise.withResolvers<void>();
      async function* slow(): AsyncGenerator<Buffer, void, void> {
        yield Buffer.from("one");
        await gate;
        yield Buffer.from("two");
      }
      const first = upload.append(slow());
      for (const work of [
        () => upload.append(piecesOf(Buffer.from("x"))),
        () => same?.append(piecesOf(Buffer.from("x"))),
        () => same?.finish(digestOf(Buffer.from("one"))),
        () => upload.finish(digestOf(Buffer.from("one"))),
      ]) {
        await expect(work()).rejects.toMatchObject({ code: "UPLOAD_BUSY" });
      }
      go();
      expect(await first).toBe(6);
      await same?.finish(digestOf(Buffer.from("onetwo")));
      expect((await readBlob(store, digestOf(Buffer.from("onetwo")))).toString()).toBe("onetwo");
    });

    it("beyond the limit are refused", async () => {
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      expect(await upload.append(piecesOf(randomBytes(600)), 1000)).toBe(600);
      await expect(upload.append(piecesOf(randomBytes(401), 100), 1000)).rejects.toMatchObject({
        code: "UPLOAD_TOO_LARGE",
      });
      expect(upload.size).toBeLessThanOrEqual(1000);
      await upload.cancel();
    });

    it("whose bytes are not the digest's are gone, and no blob is there", async () => {
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      await upload.append(piecesOf(Buffer.from("something")));
      const wrong = digestOf(Buffer.from("something else"));
      await expect(upload.finish(wrong)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
      expect(await store.openUpload(upload.id)).toBeUndefined();
      expect(await store.listBlobs({ limit: 10 })).toEqual([]);
    });

    it("can be given up", async () => {
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      await upload.append(piecesOf(randomBytes(2_000_000)));
      await upload.cancel();
      expect(await store.openUpload(upload.id)).toBeUndefined();
      await expect(upload.append(piecesOf(Buffer.from("x")))).rejects.toThrow();
      expect(await store.staleUploads(later())).toEqual([]);
      expect(await store.listBlobs({ limit: 10 })).toEqual([]);
    });

    it("that nobody writes to become stale", async () => {
      const begun = Date.now() - tick;
      const old = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      const active = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      await old.append(piecesOf(Buffer.from("x")));
      await sleep(tick);
      const since = Date.now();
      await sleep(tick);
      await active.append(piecesOf(randomBytes(6_000_000)));
      expect(await store.staleUploads(begun)).toEqual([]);
      expect(await store.staleUploads(since)).toEqual([old.id]);
      await (await store.openUpload(old.id))?.cancel();
      expect(await store.staleUploads(since)).toEqual([]);
      store = await under().reopen();
      expect((await store.openUpload(active.id))?.size).toBe(6_000_000);
    });
  });
}
