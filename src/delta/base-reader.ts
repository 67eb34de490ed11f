import type { Readable } from "node:stream";
import { verified } from "../codec/verify.ts";
import type { Digest } from "../oci/digest.ts";
import { readTar, type TarEvent } from "../tar/reader.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { Bytes } from "./patch/bytes.ts";
import { Spool } from "./spool.ts";

/** What is wanted of one layer: entry numbers, each with its data or (false) only with its headers. */
export type Wanted = Map<number, boolean>;

/** One base entry brought within reach. `body` is empty where only the headers were asked for. */
export interface BaseEntry {
  header: Buffer;
  body: Bytes;
}

interface Place {
  at: number;
  headerLength: number;
  bodyLength: number;
}

/**
 * Brings entries of base layers within random reach. Layers come as streams (they are packed, or rebuilt by an
 * engine), so each is read once from front to back and what is wanted of it goes into a temporary file.
 */
export class BaseReader {
  readonly #spool: Spool;
  readonly #places = new Map<number, Map<number, Place>>();

  constructor(tempDir: string) {
    this.#spool = new Spool(tempDir);
  }

  /**
   * Reads layer number `layer` and keeps what is wanted of it.
   * Throws `DIGEST_MISMATCH` where the bytes are not those of `diffId`, `BUNDLE_INVALID` where an entry is not there.
   */
  async fetch(layer: number, diffId: Digest, open: () => Promise<Readable>, wanted: Wanted): Promise<void> {
    const places = new Map<number, Place>();
    this.#places.set(layer, places);
    let index = -1;
    let keeping = false;
    const tar = verified(await open(), { digest: diffId }, `base layer ${diffId}`);
    for await (const event of readBase(tar, layer)) {
      if (event.kind === "entry") {
        index++;
        const withBody = wanted.get(index);
        keeping = withBody === true;
        if (withBody === undefined) continue;
        places.set(index, {
          at: this.#spool.length,
          headerLength: event.header.length,
          bodyLength: keeping ? event.entry.size : 0,
        });
        this.#spool.append(event.header);
      } else if (event.kind === "data" && keeping) {
        this.#spool.append(event.bytes);
      }
    }
    for (const entry of wanted.keys()) if (!places.has(entry)) throw outsideBase(layer, entry);
  }

  /** A fetched entry. Throws `BUNDLE_INVALID` for one that was not fetched. */
  entry(layer: number, index: number): BaseEntry {
    const place = this.#places.get(layer)?.get(index);
    if (place === undefined) throw outsideBase(layer, index);
    return {
      header: Buffer.from(this.#spool.bytes(place.at, place.headerLength).read(0, place.headerLength)),
      body: this.#spool.bytes(place.at + place.headerLength, place.bodyLength),
    };
  }

  close(): void {
    this.#spool.close();
  }
}

/** A bundle can name as its base what is no tar at all; no honest one does. */
async function* readBase(tar: Readable, layer: number): AsyncGenerator<TarEvent> {
  try {
    yield* readTar(tar);
  } catch (cause) {
    if (!isDdiffError(cause, "TAR_INVALID")) throw cause;
    const sentence = `the bundle is damaged: it refers to entries of base layer ${layer}, which is no tar`;
    throw new DdiffError("BUNDLE_INVALID", sentence, { cause });
  }
}

function outsideBase(layer: number, entry: number): DdiffError {
  return new DdiffError(
    "BUNDLE_INVALID",
    `the bundle is damaged: it refers to entry ${entry} of base layer ${layer}, which is not there`,
  );
}
