import { readdir, readFile, writeFile } from "node:fs/promises";
import { expect } from "vitest";
import { MemoryStore } from "../../places/testing/memory.ts";
import { readTar } from "../../tar/reader.ts";
import { isDdiffError } from "../../util/errors.ts";
import { loadBundle, verifyBundle } from "../load.ts";
import { type OpenBundle, putTogether, takeApart } from "./forge.ts";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "./images.ts";
import { streamOfPieces } from "./patches.ts";
import { makeContent, makeTar, type TarSpec } from "./tars.ts";

/** A good bundle, the server that it is for, and what must hold when bad ones made from it arrive there. */
export interface Forge {
  shop: Workshop;
  /** The image that the server has and the one that the bundle makes of it, as `Workshop.write` answers them. */
  base: string;
  target: string;
  /** The good bundle's bytes. */
  good: Buffer;
  /** The members of the good bundle's tar. */
  members(): Promise<TarSpec[]>;
  /** A changed bundle, put together with digests that agree. */
  forged(change: (open: OpenBundle) => void): Promise<Buffer>;
  /** The bundle's file, for `takeApart`. */
  bundle: string;
  /** The bundle must be refused with one sentence that fits, and nothing may be written anywhere. */
  expectRefused(bytes: Buffer, sentence: RegExp, code?: string): Promise<void>;
  /** The bundle must be refused, or give exactly the image that the whole one gives. */
  expectRefusedOrSame(bytes: Buffer, what: string): Promise<"refused" | "same">;
  close(): Promise<void>;
}

/** The lower layer of the base (version 1) and of the target (version 2). */
export const treeSpec = (version: number): TarSpec[] => [
  {
    path: "usr/lib/a.so",
    bytes: makeContent({ kind: "binary", seed: 1, size: 6000, edits: version }),
    mtime: version,
  },
  { path: "usr/lib/b.so", bytes: makeContent({ kind: "binary", seed: 2, size: 3000, edits: 0 }) },
  { path: `new-${version}`, bytes: makeContent({ kind: "text", seed: 10 + version, size: 900, edits: 0 }) },
];

/** The target's second layer: a copy of a file in the first, and new bytes that do not pack. */
const upper = makeTar([
  { path: "copy-of-new", bytes: makeContent({ kind: "text", seed: 12, size: 900, edits: 0 }) },
  { path: "large", bytes: makeContent({ kind: "packed", seed: 4, size: 5000, edits: 0 }) },
]);

/** Writes the base to a server's layout and a bundle of two patched layers against it. */
export async function openForge(): Promise<Forge> {
  const shop = await openWorkshop();
  const store = new MemoryStore();
  const base = await shop.write(store, addImage(store, [{ tar: makeTar(treeSpec(1)) }]), "server:app:1");
  const target = await shop.write(
    store,
    addImage(store, [
      { tar: makeTar(treeSpec(2)), pack: "none" },
      { tar: upper, pack: "none" },
    ]),
    "work:app:2",
  );
  const { file: bundle } = await shop.diff([base], [target]);
  const good = await readFile(bundle);
  const server = shop.path("server");
  const before = await treeOf(server);
  const file = shop.path("forged.ddiff");

  return {
    shop,
    base,
    target,
    good,
    bundle,
    async members() {
      const found: TarSpec[] = [];
      for await (const event of readTar(streamOfPieces(good))) {
        if (event.kind === "entry") found.push({ path: event.entry.path, bytes: Buffer.alloc(0) });
        const last = found.at(-1);
        if (event.kind === "data" && last !== undefined)
          last.bytes = Buffer.concat([last.bytes ?? Buffer.alloc(0), event.bytes]);
      }
      return found;
    },
    async forged(change) {
      const open = await takeApart(bundle, shop.tempDir);
      change(open);
      return putTogether(open);
    },
    async expectRefused(bytes, sentence, code = "BUNDLE_INVALID") {
      await writeFile(file, bytes);
      const request = { bundle: file, to: `oci:${server}:app:2`, bases: [], context: shop.context };
      for (const run of [loadBundle, verifyBundle]) {
        await expect(run(request)).rejects.toMatchObject({
          code,
          exitStatus: 3,
          message: expect.stringMatching(sentence),
        });
        expect(await readdir(shop.tempDir)).toEqual([]);
      }
      expect(await treeOf(server)).toEqual(before);
    },
    async expectRefusedOrSame(bytes, what) {
      await writeFile(file, bytes);
      const to = `oci:${shop.path("same")}:app:2`;
      try {
        await loadBundle({ bundle: file, to, bases: [base], context: shop.context });
      } catch (error) {
        if (!isDdiffError(error)) throw new Error(`${what}: no sentence for a person`, { cause: error });
        expect({ what, code: error.code, status: error.exitStatus }).toEqual({
          what,
          code: "BUNDLE_INVALID",
          status: 3,
        });
        return "refused";
      } finally {
        expect(await readdir(shop.tempDir)).toEqual([]);
      }
      expect(identity(await shop.read(to))).toEqual(identity(await shop.read(target)));
      return "same";
    },
    close: () => shop.close(),
  };
}
