import type { Readable } from "node:stream";
import { readTar } from "../tar/reader.ts";
import { DdiffError } from "../util/errors.ts";
import { ContentHasher } from "./content-hash.ts";
import type { InventoryEntry, LayerInventory } from "./inventory.ts";

/** Hears of the contents of entries as a layer streams by. */
export interface ContentTaker {
  /** The next bytes of an entry; they are not there any more when this returns. */
  data(entry: InventoryEntry, bytes: Buffer): void;
  /** After the last bytes of an entry, also of an empty one. */
  end(entry: InventoryEntry): void;
}

/**
 * Goes through a layer's tar beside its inventory and hands on the contents of the wanted entries. It ends, and destroys the stream, when
 * the last of them was read. Throws `LAYER_CHANGED` where the tar has other entries or contents than the inventory says; what the taker
 * throws comes through.
 */
export async function readContents(
  tar: Readable,
  inventory: LayerInventory,
  wanted: ReadonlySet<InventoryEntry>,
  taker: ContentTaker,
): Promise<void> {
  let left = wanted.size;
  if (left === 0) {
    tar.destroy();
    return;
  }
  let at = 0;
  let entry: InventoryEntry | undefined;
  let isEmpty = true;
  const hasher = await ContentHasher.open();
  const finish = (): void => {
    if (entry === undefined) return;
    if (!isEmpty && hasher.finish() !== entry.hash) throw changed(inventory);
    isEmpty = true;
    taker.end(entry);
    entry = undefined;
    left -= 1;
  };
  for await (const event of readTar(tar as AsyncIterable<Buffer>)) {
    if (event.kind === "entry") {
      finish();
      if (left === 0) break;
      if (event.entry.flag === "g") continue;
      const known = inventory.entries[at++];
      if (known === undefined || known.type !== event.entry.type) throw changed(inventory);
      if (wanted.has(known)) {
        if (known.size !== event.entry.size) throw changed(inventory);
        entry = known;
      }
    } else if (event.kind === "data" && entry !== undefined) {
      isEmpty = false;
      hasher.add(event.bytes);
      taker.data(entry, event.bytes);
    }
  }
  finish();
  tar.destroy();
  if (left > 0) throw changed(inventory);
}

function changed({ diffId }: LayerInventory): DdiffError {
  return new DdiffError("LAYER_CHANGED", `layer ${diffId} is not what it was when it was looked at`, {
    hint: "Run the same command again; if that does not help, remove the cache with ddiff cache clear.",
  });
}
