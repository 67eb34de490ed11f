import type { Readable } from "node:stream";
import type { InventoryEntry, LayerInventory } from "../inspect/inventory.ts";
import { releasing } from "../codec/release.ts";
import type { TarEntry } from "../tar/entry.ts";
import { readTar } from "../tar/reader.ts";
import { DdiffError } from "../util/errors.ts";
import type { Bytes } from "../util/random-bytes.ts";
import { Spool } from "../util/spool.ts";

/** An entry of an old layer brought within reach: what its headers say, and its content. */
export interface KeptEntry {
  header: TarEntry;
  /** The header blocks as they were, for entries that cannot be said in another way: sparse files and types without a common meaning. */
  verbatim?: Buffer;
  /** Where the content begins in the spool. */
  at: number;
}

/** What is kept of old layers, in one temporary file without a name. */
export class Contents {
  readonly #spool: Spool;
  readonly #entries = new Map<InventoryEntry, KeptEntry>();

  constructor(tempDir: string) {
    this.#spool = new Spool(tempDir);
  }

  /**
   * Reads a layer and keeps those of its entries that are wanted. Throws `LAYER_CHANGED` where it has others than its inventory says,
   * `DISK_FULL`.
   */
  async keep(
    inventory: LayerInventory,
    tar: Readable,
    wanted: ReadonlySet<InventoryEntry>,
    onBytes: (count: number) => void,
  ): Promise<void> {
    let index = 0;
    let keeping = false;
    for await (const event of readTar(releasing(tar))) {
      if (event.kind === "entry") {
        onBytes(event.header.length);
        keeping = false;
        if (event.entry.flag === "g") continue;
        const entry = inventory.entries[index++];
        if (entry === undefined || entry.type !== event.entry.type)
          throw new DdiffError("LAYER_CHANGED", `layer ${inventory.diffId} changed while it was read`);
        keeping = wanted.has(entry);
        if (!keeping) continue;
        const isOdd = event.entry.type === "sparse" || event.entry.type === "other";
        this.#entries.set(entry, {
          header: event.entry,
          at: this.#spool.length,
          ...(isOdd ? { verbatim: event.header } : {}),
        });
      } else if (event.kind === "data") {
        onBytes(event.bytes.length);
        if (keeping) this.#spool.append(event.bytes);
      }
    }
  }

  /** An entry that was kept. */
  entry(entry: InventoryEntry): KeptEntry {
    const kept = this.#entries.get(entry);
    if (kept === undefined)
      throw new DdiffError("LAYER_CHANGED", `${entry.path} was not found again in its layer`);
    return kept;
  }

  /** The content of a kept entry. */
  bytes({ at, header }: KeptEntry): Bytes {
    return this.#spool.bytes(at, header.size);
  }

  close(): void {
    this.#spool.close();
  }
}
