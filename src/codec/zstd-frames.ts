import { decompressionFailed } from "./engine.ts";

/** Zstandard's frame magic (RFC 8878, 3.1.1), little-endian. */
export const zstdMagic = 0xfd2fb528;

/** True for the 16 magics of skippable frames (RFC 8878, 3.1.2). */
export function isSkippableMagic(magic: number): boolean {
  return magic >>> 4 === 0x184d2a5;
}

/**
 * Cuts a zstd stream at its frame borders and drops skippable frames (RFC 8878, 3.1): no piece holds bytes of two frames.
 * Node's decoder needs that, for it silently ends after the first frame when a write goes on behind it.
 * Only block headers are looked at; blocks themselves pass through uncopied. Throws
 * `DECOMPRESSION_FAILED` on data that is not frames, ends within one, or goes on with something else; `what` names it.
 */
export async function* cutFrames(
  source: AsyncIterable<Buffer>,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  // What the walker gathers next (`need` bytes into `field`), or passes through or skips (`run` bytes).
  let state: "magic" | "skip-size" | "descriptor" | "block" = "magic";
  const field = Buffer.alloc(4);
  let have = 0;
  let need = 4;
  let run = 0;
  let drop = false;
  let lastBlock = false;
  let checksum = false;

  function expect(next: typeof state, bytes: number): void {
    state = next;
    need = bytes;
    have = 0;
  }

  /** A whole field is there: decides what follows. Returns bytes to pass on first (a magic is held back until known). */
  function advance(): Buffer | undefined {
    switch (state) {
      case "magic": {
        const magic = field.readUInt32LE(0);
        if (isSkippableMagic(magic)) {
          expect("skip-size", 4);
          return undefined;
        }
        if (magic !== zstdMagic)
          throw decompressionFailed(what, new Error("a zstd frame is followed by something else"));
        expect("descriptor", 1);
        return Buffer.from(field);
      }
      case "skip-size":
        run = field.readUInt32LE(0);
        drop = run > 0;
        expect("magic", 4);
        return undefined;
      case "descriptor": {
        const descriptor = field[0] ?? 0;
        const single = (descriptor & 0x20) !== 0;
        checksum = (descriptor & 4) !== 0;
        const idBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
        const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
        run = (single ? 0 : 1) + idBytes + sizeBytes;
        lastBlock = false;
        expect("block", 3);
        return undefined;
      }
      default: {
        const header = field.readUIntLE(0, 3);
        const type = (header >>> 1) & 3;
        if (type === 3) throw decompressionFailed(what, new Error("a zstd block is of the reserved type"));
        lastBlock = (header & 1) !== 0;
        run = type === 1 ? 1 : header >>> 3;
        if (lastBlock) {
          run += checksum ? 4 : 0;
          expect("magic", 4);
        } else expect("block", 3);
        return undefined;
      }
    }
  }

  for await (const chunk of source) {
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      if (run > 0) {
        const step = Math.min(run, chunk.length - at);
        at += step;
        run -= step;
        if (drop) from = at;
        if (run > 0) continue;
        drop = false;
        // The frame ends here: what follows belongs to the next one.
        if (state === "magic" && at > from) {
          yield chunk.subarray(from, at);
          from = at;
        }
        continue;
      }
      const held = state === "magic" || state === "skip-size";
      const step = Math.min(need - have, chunk.length - at);
      chunk.copy(field, have, at, at + step);
      at += step;
      have += step;
      if (held) from = at;
      if (have < need) continue;
      const ready = advance();
      if (ready !== undefined) yield ready;
      if (run === 0 && state === "magic" && at > from) {
        yield chunk.subarray(from, at);
        from = at;
      }
    }
    if (from < chunk.length) yield chunk.subarray(from);
  }
  if (state !== "magic" || have > 0 || run > 0)
    throw decompressionFailed(what, new Error("the data ends within a zstd frame"));
}
