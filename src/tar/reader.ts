import { DdiffError } from "../util/errors.ts";
import { blockSize, roundToBlocks, type TarEntry } from "./entry.ts";
import { maxHeaderBytes, parseHeaders, readStep, tarInvalid } from "./header.ts";

/**
 * A tar in pieces: per entry one `entry`, then its `data` and `padding`; at last `end` for the end marker and all bytes
 * behind it. `data` and `end` may come in several pieces, `padding` too, and none of them is empty.
 */
export type TarEvent =
  | { kind: "entry"; entry: TarEntry; header: Buffer }
  | { kind: "data"; bytes: Buffer }
  | { kind: "padding"; bytes: Buffer }
  | { kind: "end"; bytes: Buffer };

/**
 * Reads a tar as a stream in constant memory. The bytes of all events, put together, ARE the tar, whatever its format.
 * `data` and the like are parts of the source's own buffers, not copies; headers are copies. A source may use one buffer
 * again and again: nothing of it is looked at any more when the next is asked for.
 * A tar may lack its end marker and the padding of its last entry. A global PAX header is an entry of its own (type
 * `other`, flag `g`); its records become defaults of later entries. Throws `TAR_INVALID` on damage, on garbage and on
 * header records beyond 8 MiB; errors of the source come through.
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEvent, void, void> {
  const input = source[Symbol.asyncIterator]();
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;
  let offset = 0;

  /** Makes `chunk` hold unread bytes; false at the end of the source. */
  async function refill(): Promise<boolean> {
    while (at === chunk.length) {
      const next = await input.next();
      if (next.done === true) return false;
      chunk = next.value;
      at = 0;
    }
    return true;
  }

  /** Up to `wanted` bytes of the current chunk; only after `refill`. */
  function some(wanted: number): Buffer {
    const end = Math.min(chunk.length, at + wanted);
    const bytes = chunk.subarray(at, end);
    offset += bytes.length;
    at = end;
    return bytes;
  }

  /** A copy of the next `wanted` bytes, fewer at the end of the source. */
  async function copy(wanted: number): Promise<Buffer> {
    if (chunk.length - at >= wanted) return Buffer.from(some(wanted));
    const copied = Buffer.allocUnsafe(wanted);
    let length = 0;
    while (length < wanted && (await refill())) {
      length += some(wanted - length).copy(copied, length);
    }
    return copied.subarray(0, length);
  }

  /** The rest of an entry's header after its first block. */
  async function readHeader(first: Buffer, start: number): Promise<Buffer> {
    const parts = [first];
    let total = first.length;
    async function take(bytes: number): Promise<Buffer> {
      total += bytes;
      if (total > maxHeaderBytes) throw tarInvalid(start, `it is larger than ${maxHeaderBytes} bytes`);
      const part = await copy(bytes);
      if (part.length < bytes) throw truncated(offset);
      parts.push(part);
      return part;
    }
    for (let block = first; ; ) {
      const step = readStep(block, start + total - blockSize);
      if (step.kind === "sparse") {
        for (let more = true; more; ) more = (await take(blockSize))[504] !== 0;
      } else if (step.kind !== "last" && step.bytes > 0) await take(step.bytes);
      if (step.kind !== "record") return parts.length === 1 ? first : Buffer.concat(parts, total);
      block = await take(blockSize);
    }
  }

  let globals: Map<string, string> | undefined;
  try {
    while (await refill()) {
      const start = offset;
      const block = await copy(blockSize);
      if (isZero(block)) {
        yield { kind: "end", bytes: block };
        while (await refill()) yield { kind: "end", bytes: some(chunk.length) };
        return;
      }
      if (block.length < blockSize) throw truncated(offset);
      const header = await readHeader(block, start);
      const fields = parseHeaders(header, globals, start);
      const entry = { ...fields, headerOffset: start, headerLength: header.length, dataOffset: offset };
      if (entry.flag === "g") globals = mergeGlobals(globals, entry.pax);
      yield { kind: "entry", entry, header };
      for (let left = entry.size; left > 0; ) {
        if (!(await refill())) throw truncated(offset);
        const bytes = some(left);
        left -= bytes.length;
        yield { kind: "data", bytes };
      }
      for (let left = roundToBlocks(entry.size) - entry.size; left > 0 && (await refill()); ) {
        const bytes = some(left);
        left -= bytes.length;
        yield { kind: "padding", bytes };
      }
    }
  } finally {
    await input.return?.();
  }
}

const zeros = Buffer.alloc(blockSize);

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.equals(zeros.subarray(0, block.length));
}

function truncated(offset: number): DdiffError {
  return new DdiffError("TAR_INVALID", `the tar ends in the middle of an entry, at byte ${offset}`, {
    hint: "The data was cut short: fetch it again.",
  });
}

/** Global records replace earlier ones of the same key; an empty value takes one back. The total is bounded. */
function mergeGlobals(
  before: Map<string, string> | undefined,
  more: Map<string, string>,
): Map<string, string> {
  const merged = new Map(before);
  for (const [key, value] of more) {
    if (value === "") merged.delete(key);
    else merged.set(key, value);
  }
  if (merged.size > 10_000) {
    throw new DdiffError(
      "TAR_INVALID",
      "the tar's global PAX headers hold more than 10000 different records",
    );
  }
  return merged;
}
