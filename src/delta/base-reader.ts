import { releasing } from "../codec/release.ts";
import { readTar, type TarEvent } from "../tar/reader.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { UnpackedFile, UnpackedLayer } from "../places/place.ts";
import type { Bytes } from "../util/random-bytes.ts";
import type { EntryWatcher } from "./recipe.ts";
import { Spool } from "../util/spool.ts";

const pieceSize = 1 << 20;

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
  /** Where the data lie, if not in the temporary file, and how long the file's name is that then stands in their place. */
  elsewhere?: { unpacked: UnpackedLayer; nameLength: number };
}

/**
 * Brings entries of base layers within random reach. Layers come as streams (they are packed, or rebuilt by an
 * engine), so each is read once from front to back and what is wanted of it goes into a temporary file.
 */
export class BaseReader {
  readonly #spool: Spool;
  readonly #unpacked: UnpackedLayer[] = [];
  readonly #places = new Map<number, Map<number, Place>>();
  #lent = Buffer.alloc(0);

  constructor(tempDir: string) {
    this.#spool = new Spool(tempDir);
  }

  /**
   * Reads layer number `layer` and keeps what is wanted of it. Its digest is the caller's matter.
   * Throws `BUNDLE_INVALID` where an entry is not there.
   */
  async fetch(layer: number, tar: AsyncIterable<Buffer>, wanted: Wanted): Promise<void> {
    await this.#keep(layer, tar, wanted);
  }

  /**
   * As `fetch`, of a layer that lies as files: their data stay where they are. The reader closes the layer. Throws `TAR_SPLIT_INVALID`, `LAYER_CHANGED`, `BUNDLE_INVALID`.
   */
  async fetchUnpacked(layer: number, unpacked: UnpackedLayer, wanted: Wanted): Promise<void> {
    this.#unpacked.push(unpacked);
    await this.#keep(layer, unpacked.frame(), wanted, unpacked);
  }

  async #keep(
    layer: number,
    tar: AsyncIterable<Buffer>,
    wanted: Wanted,
    unpacked?: UnpackedLayer,
  ): Promise<void> {
    const places = this.#placesOf(layer);
    let last = -1;
    for (const entry of wanted.keys()) last = Math.max(last, entry);
    let index = -1;
    let keeping = false;
    for await (const event of readBase(tar, layer)) {
      if (event.kind === "entry") {
        if (index === last) break;
        index++;
        const withBody = wanted.get(index);
        const file = event.entry.size > 0 ? unpacked?.takeFile(event.entry.dataOffset) : undefined;
        if (file !== undefined && file.size !== event.entry.size) throw otherSize(layer, index);
        keeping = withBody === true && file === undefined;
        if (withBody === undefined) continue;
        places.set(index, {
          at: this.#spool.length,
          headerLength: event.header.length,
          bodyLength: withBody ? event.entry.size : 0,
          ...(withBody && unpacked && file ? { elsewhere: { unpacked, nameLength: file.name.length } } : {}),
        });
        this.#spool.append(event.header);
        if (withBody && file !== undefined) this.#spool.append(file.name);
      } else if (event.kind === "data" && keeping) {
        this.#spool.append(event.bytes);
      }
    }
    for (const entry of wanted.keys()) if (!places.has(entry)) throw outsideBase(layer, entry);
  }

  /**
   * Looks on while layer number `layer` is read for its recipe, and keeps what will most likely be wanted: the headers of
   * entries that have a counterpart in the target, with the data where those differ. `counterpart` gives the data that the target has
   * at a path. What is the same there costs no room: it is compared, not kept.
   */
  watch(layer: number, counterpart: (path: string) => Bytes | undefined): EntryWatcher {
    const places = this.#placesOf(layer);
    let index = -1;
    let current: { place: Place; other: Bytes; seen: number; isSame: boolean } | undefined;
    return {
      entry: ({ path, size, headerLength }, header) => {
        index++;
        current = undefined;
        const other = counterpart(path);
        if (other === undefined) return;
        const place = { at: this.#spool.length, headerLength, bodyLength: 0 };
        places.set(index, place);
        this.#spool.append(header);
        if (size > 0 && other.length > 0) current = { place, other, seen: 0, isSame: size === other.length };
      },
      data: (bytes) => {
        if (current === undefined) return;
        const { place, other, seen } = current;
        current.seen += bytes.length;
        if (current.isSame) {
          if (bytes.equals(other.read(seen, bytes.length, this.#memory(bytes.length)))) return;
          current.isSame = false;
          for (let at = 0; at < seen; at += pieceSize) {
            const length = Math.min(pieceSize, seen - at);
            this.#spool.append(other.read(at, length, this.#memory(length)));
          }
          place.bodyLength = seen;
        }
        this.#spool.append(bytes);
        place.bodyLength += bytes.length;
      },
    };
  }

  /** Whether an entry of `size` bytes is here already, with its data where `body` asks for them. */
  has(layer: number, index: number, body: boolean, size: number): boolean {
    const place = this.#places.get(layer)?.get(index);
    return place !== undefined && (!body || place.bodyLength === size);
  }

  #placesOf(layer: number): Map<number, Place> {
    let places = this.#places.get(layer);
    if (places === undefined) this.#places.set(layer, (places = new Map()));
    return places;
  }

  #memory(length: number): Buffer {
    if (this.#lent.length < length) this.#lent = Buffer.allocUnsafe(length);
    return this.#lent;
  }

  /** A fetched entry. Throws `BUNDLE_INVALID` for one that was not fetched. */
  entry(layer: number, index: number): BaseEntry {
    const place = this.#places.get(layer)?.get(index);
    if (place === undefined) throw outsideBase(layer, index);
    const { at, headerLength, bodyLength, elsewhere } = place;
    const header = Buffer.from(this.#spool.bytes(at, headerLength).read(0, headerLength));
    if (elsewhere === undefined) {
      return { header, body: this.#spool.bytes(at + headerLength, bodyLength) };
    }
    const { unpacked, nameLength } = elsewhere;
    const name = Buffer.from(this.#spool.bytes(at + headerLength, nameLength).read(0, nameLength));
    return { header, body: unpackedBytes(unpacked, { name, size: bodyLength }) };
  }

  /** May be called again. */
  close(): void {
    for (const layer of this.#unpacked.splice(0)) layer.close();
    this.#spool.close();
  }
}

/** A bundle can name as its base what is no tar at all; no honest one does. */
async function* readBase(tar: AsyncIterable<Buffer>, layer: number): AsyncGenerator<TarEvent> {
  try {
    yield* readTar(releasing(tar));
  } catch (cause) {
    if (!isDdiffError(cause, "TAR_INVALID")) throw cause;
    const sentence = `the bundle is damaged: it refers to entries of base layer ${layer}, which is no tar`;
    throw new DdiffError("BUNDLE_INVALID", sentence, { cause });
  }
}

function unpackedBytes(layer: UnpackedLayer, file: UnpackedFile): Bytes {
  return {
    length: file.size,
    read(offset, length, memory) {
      if (offset < 0 || length < 0 || offset + length > file.size) throw outsideFile(file);
      const into =
        memory && memory.length >= length ? memory.subarray(0, length) : Buffer.allocUnsafe(length);
      layer.read(file, offset, into);
      return into;
    },
  };
}

function outsideFile({ name }: UnpackedFile): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: it refers outside of ${name.toString()}`);
}

function otherSize(layer: number, entry: number): DdiffError {
  return new DdiffError(
    "LAYER_CHANGED",
    `entry ${entry} of base layer ${layer} has another size than its header says`,
  );
}

function outsideBase(layer: number, entry: number): DdiffError {
  return new DdiffError(
    "BUNDLE_INVALID",
    `the bundle is damaged: it refers to entry ${entry} of base layer ${layer}, which is not there`,
  );
}
