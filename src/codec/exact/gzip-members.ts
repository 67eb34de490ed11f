import { crc32, createInflateRaw, type InflateRaw } from "node:zlib";
import { chunkSize, decompressionFailed } from "../engine.ts";
import { type GzipHeader, parseGzipHeader } from "./gzip-header.ts";

/** Hears what a gzip stream is made of, in order. All bytes are good only during the call. */
export interface GzipListener {
  /** A member begins. */
  header(header: GzipHeader, bytes: Buffer): void;
  /** The next bytes of the member's deflate stream. */
  packed(bytes: Buffer): void;
  /** What came out of them. */
  plain(bytes: Buffer): void;
  /** The member is over; its checksum and size, these eight bytes, are right. */
  end(trailer: Buffer): void;
  /** Zeros behind the last member. */
  padding(bytes: Buffer): void;
}

/** So little goes into zlib at once that what comes out, at most a thousand times as much, may wait in memory. */
const bite = 32 << 10;

/**
 * Unpacks a gzip stream of any number of members, and tells `listener` of all its parts. Yields the plain bytes. Throws
 * `DECOMPRESSION_FAILED` as `decompressed` does; `what` names the data.
 */
export async function* gunzipMembers(
  source: AsyncIterable<Buffer>,
  listener: GzipListener,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  const input = new Input(source);
  try {
    for (let first = true; ; first = false) {
      const head = await input.atLeast(1);
      if (head.length === 0 && first) throw damaged(what, "it ends too early");
      if (head.length === 0) return;
      if (!first && head[0] === 0) {
        await readPadding(input, listener, what);
        return;
      }
      const header = await readHeader(input, what);
      listener.header(header, input.take(header.length));
      yield* inflateMember(input, listener, what);
    }
  } finally {
    await input.close();
  }
}

async function readHeader(input: Input, what: string): Promise<GzipHeader> {
  for (let wanted = 10; ; wanted = input.length + 1) {
    const bytes = await input.atLeast(wanted);
    try {
      const header = parseGzipHeader(bytes);
      if (header !== undefined) return header;
    } catch (cause) {
      throw damaged(what, "something follows behind its end", cause);
    }
    if (bytes.length < wanted) throw damaged(what, "it ends too early");
  }
}

async function* inflateMember(
  input: Input,
  listener: GzipListener,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  const inflater = new Inflater();
  let checksum = 0;
  let size = 0;
  try {
    while (!inflater.ended) {
      const piece = (await input.atLeast(1)).subarray(0, bite);
      if (piece.length === 0) throw damaged(what, "it ends too early");
      const { used, pieces } = await inflater.inflate(piece).catch((cause: unknown) => {
        throw decompressionFailed(what, cause);
      });
      listener.packed(input.take(used));
      for (const plain of pieces) {
        checksum = crc32(plain, checksum);
        size = (size + plain.length) % 2 ** 32;
        listener.plain(plain);
        yield plain;
      }
    }
  } finally {
    inflater.close();
  }
  const trailer = await input.atLeast(8);
  if (trailer.length < 8) throw damaged(what, "it ends too early");
  if (trailer.readUInt32LE(0) !== checksum || trailer.readUInt32LE(4) !== size) {
    throw damaged(what, "its checksum is another");
  }
  listener.end(input.take(8));
}

async function readPadding(input: Input, listener: GzipListener, what: string): Promise<void> {
  for (;;) {
    const bytes = await input.atLeast(1);
    if (bytes.length === 0) return;
    if (bytes.some((byte) => byte !== 0)) throw damaged(what, "something follows behind its end");
    listener.padding(input.take(bytes.length));
  }
}

/** A stream that is looked at before it is taken. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes that are at hand. */
  get length(): number {
    return this.#bytes.length;
  }

  /** All bytes at hand: at least `count`, fewer only at the end. */
  async atLeast(count: number): Promise<Buffer> {
    while (this.#bytes.length < count && !this.#ended) {
      const next = await this.#source.next();
      if (next.done === true) this.#ended = true;
      else this.#bytes = this.#bytes.length === 0 ? next.value : Buffer.concat([this.#bytes, next.value]);
    }
    return this.#bytes;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }
}

/** zlib's inflate, which says how much of its input it used. */
class Inflater {
  readonly #engine: InflateRaw = createInflateRaw({ chunkSize });
  #pieces: Buffer[] = [];
  #used = 0;
  ended = false;
  readonly #end: Promise<void>;

  constructor() {
    this.#engine.on("data", (piece: Buffer) => this.#pieces.push(piece));
    this.#end = new Promise((resolve, reject) => {
      this.#engine.once("end", () => {
        this.ended = true;
        resolve();
      });
      this.#engine.once("error", reject);
    });
    this.#end.catch(() => {});
  }

  async inflate(bytes: Buffer): Promise<{ used: number; pieces: Buffer[] }> {
    // Where the stream ends inside of `bytes`, zlib ends too and never comes back from the write.
    const written = new Promise<void>((resolve) => void this.#engine.write(bytes, () => resolve()));
    await Promise.race([written, this.#end]);
    const used = this.#engine.bytesWritten - this.#used;
    this.#used += used;
    const pieces = this.#pieces;
    this.#pieces = [];
    return { used, pieces };
  }

  close(): void {
    this.#engine.destroy();
  }
}

function damaged(what: string, why: string, cause?: unknown): Error {
  return decompressionFailed(what, new Error(why, { cause }));
}
