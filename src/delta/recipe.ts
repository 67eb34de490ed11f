import { createHash, hash } from "node:crypto";
import type { Readable } from "node:stream";
import type { TarEntry } from "../tar/entry.ts";
import { release } from "../codec/release.ts";
import { readTar } from "../tar/reader.ts";
import { type Digest, Digester } from "../oci/digest.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { mostEntries } from "./layer-ops.ts";
import { SketchBuilder } from "./sketch.ts";

/** One entry of a layer: where its bytes stand in the uncompressed tar and what they are. */
export interface RecipeEntry {
  /** As the tar says it, without `./` in front or `/` behind. */
  path: string;
  type: TarEntry["type"];
  /** Bytes from the start of the tar to the first header block of the entry. */
  headerOffset: number;
  /** Bytes of all its header blocks: the data starts behind them. */
  headerLength: number;
  /** Bytes of data stored in the tar. */
  size: number;
  /** First 16 bytes of the sha256 of the data, in hex; empty for no data. */
  hash: string;
  /** Content fingerprint: the smallest values of a sampled rolling hash (see sketch.ts). */
  sketch: number[];
}

/** A layer described by its entries. Its identity is `diffId`. */
export interface Recipe {
  diffId: Digest;
  /** Bytes of the uncompressed tar. */
  size: number;
  entries: RecipeEntry[];
  /** Where the entries end and the end marker and its padding begin. */
  endOffset: number;
}

/** Looks on while a layer is read for its recipe. */
export interface EntryWatcher {
  /** An entry begins; its `hash` and `sketch` are not known yet. */
  entry(entry: RecipeEntry, header: Buffer): void;
  /** The next bytes of its data, good only during the call. */
  data(bytes: Buffer): void;
}

/**
 * Reads a layer once and describes it. `onBytes` sees every piece of the tar in order. A layer that is not a tar, or has
 * more than 4 million entries, has no entries: it is described as one run of bytes.
 * @param open gives the uncompressed layer; called again where the first reading found no tar.
 */
export async function scanLayer(
  open: () => Promise<Readable>,
  onBytes: (bytes: Buffer) => void = () => {},
  watcher?: EntryWatcher,
): Promise<Recipe> {
  const digester = new Digester();
  let seen = 0;
  // Bytes are handed on only once, even where a layer that is no tar has to be read again from the start.
  const pass = (bytes: Buffer, position: number): void => {
    const fresh = position + bytes.length - seen;
    if (fresh <= 0) return;
    const rest = bytes.subarray(bytes.length - fresh);
    digester.update(rest);
    onBytes(rest);
    seen += fresh;
  };
  let entries: RecipeEntry[] = [];
  let endOffset = 0;
  try {
    ({ entries, endOffset } = await readEntries(observed(await open(), pass), watcher));
  } catch (error) {
    if (!isDdiffError(error, "TAR_INVALID")) throw error;
    for await (const _ of observed(await open(), pass));
  }
  return { diffId: digester.digest(), size: seen, entries, endOffset };
}

async function* observed(stream: Readable, see: (bytes: Buffer, position: number) => void) {
  let position = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    see(chunk, position);
    position += chunk.length;
    yield chunk;
    release(chunk);
  }
}

async function readEntries(
  tar: AsyncIterable<Buffer>,
  watcher: EntryWatcher | undefined,
): Promise<{ entries: RecipeEntry[]; endOffset: number }> {
  const entries: RecipeEntry[] = [];
  let endOffset = 0;
  let content: ContentReader | undefined;
  for await (const event of readTar(tar)) {
    if (event.kind === "entry") {
      const { entry, header } = event;
      const described: RecipeEntry = {
        path: plainPath(entry.path),
        type: entry.type,
        headerOffset: endOffset,
        headerLength: header.length,
        size: entry.size,
        hash: "",
        sketch: [],
      };
      entries.push(described);
      if (entries.length > mostEntries)
        throw new DdiffError("TAR_INVALID", `a layer has more than ${mostEntries} entries`);
      watcher?.entry(described, header);
      content = entry.size > 0 ? new ContentReader(described) : undefined;
    } else if (event.kind === "data") {
      watcher?.data(event.bytes);
      content?.add(event.bytes);
    }
    if (event.kind !== "end") endOffset += event.kind === "entry" ? event.header.length : event.bytes.length;
  }
  return { entries, endOffset };
}

/** Hashes one entry's data as it streams by. */
class ContentReader {
  readonly #entry: RecipeEntry;
  readonly #sketch = new SketchBuilder();
  #hash: ReturnType<typeof createHash> | undefined;
  #seen = 0;

  constructor(entry: RecipeEntry) {
    this.#entry = entry;
  }

  add(bytes: Buffer): void {
    this.#seen += bytes.length;
    this.#sketch.add(bytes);
    const whole = this.#hash === undefined && this.#seen === this.#entry.size;
    if (whole) {
      this.#finish(hash("sha256", bytes, "hex"));
      return;
    }
    this.#hash ??= createHash("sha256");
    this.#hash.update(bytes);
    if (this.#seen === this.#entry.size) this.#finish(this.#hash.digest("hex"));
  }

  #finish(hex: string): void {
    this.#entry.hash = hex.slice(0, 32);
    this.#entry.sketch = this.#sketch.finish();
  }
}

/** A path as two tars of the same tree agree on it: `./usr/` is `usr`. */
function plainPath(path: string): string {
  return path.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, "");
}
