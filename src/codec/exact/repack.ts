import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { makeBreath } from "../../util/breath.ts";
import { DdiffError } from "../../util/errors.ts";
import { encoderOfCorrections } from "./corrected-encoder.ts";
import type { DeflateEncoder, ExactEncoder } from "./encoder.ts";
import { findEncoder, makesFrames } from "./encoders.ts";
import { parseGzipHeader } from "./gzip-header.ts";
import { correctedEncoder, encodersIn, isGuess, type PackingRecipe } from "./packing-recipe.ts";
import { ParallelEncoder } from "./parallel-encoder.ts";

/** What comes out is handed on in pieces of this size. */
const pieceSize = 256 << 10;
/** So many plain bytes are packed at once; corrections may make hundreds of bytes of each. */
const stepSize = 64 << 10;
const correctedStep = 4 << 10;
/** What encoders leave behind is given back between turns only: of thousands of small members it would fill the memory. */
const partsPerTurn = 128;

/** The encoders that a recipe names and this ddiff does not have: a newer one made it. */
export function unknownEncoders(recipe: PackingRecipe): string[] {
  return encodersIn(recipe).filter((id) => id !== correctedEncoder && findEncoder(id) === undefined);
}

/** What is wrong with a recipe that somebody else wrote, for plain bytes of this size where it is known; undefined where nothing is. */
export function recipeProblem(recipe: PackingRecipe, size: number | undefined): string | undefined {
  let total = 0;
  for (const members of recipe) {
    if ("literal" in members) {
      total += members.size;
      continue;
    }
    const problem = headerProblem(members.encoder, members.header);
    if (problem !== undefined) return problem;
    if ((members.encoder === correctedEncoder) !== (members.corrections !== undefined))
      return "corrections are missing, or for an encoder that needs none";
    if (members.corrections !== undefined && members.sizes.length !== 1)
      return "corrections are for one member only";
    for (const one of members.sizes) total += one;
  }
  if (isGuess(recipe)) return recipe.length === 1 ? undefined : "a guess is for one member only";
  return size === undefined || total === size ? undefined : `it is for ${total} bytes, not for ${size}`;
}

/** Gzip members have a header; zstd frames have none, for their encoder makes it. */
function headerProblem(encoder: string, base64: string | undefined): string | undefined {
  const isMember = encoder === correctedEncoder || findEncoder(encoder) !== undefined;
  if (base64 === undefined) return isMember && !makesFrames(encoder) ? "a header is missing" : undefined;
  if (makesFrames(encoder)) return "a zstd frame has a header of gzip";
  const header = Buffer.from(base64, "base64");
  try {
    return parseGzipHeader(header)?.length === header.length ? undefined : "a header is not one header";
  } catch {
    return "a header is none of gzip";
  }
}

/**
 * Packs plain bytes again as a recipe says. Whether the bytes are the right ones, and no more than there should be, is for the caller to
 * check: what came out is handed on before much gathers. Gives way to timers and signals. Throws `ENCODER_UNKNOWN`, `RECIPE_INVALID` and
 * the reason of `signal`; `what` names the data.
 */
export async function* repacked(
  plain: AsyncIterable<Buffer>,
  recipe: PackingRecipe,
  what: string,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const out = new Pieces();
  const breathe = makeBreath(signal);
  const parts = partsOf(recipe, out, what);
  let part = parts.next();
  let ended = 0;
  // Bytes that the current part still takes.
  let left = part.done === true ? 0 : part.value.size;
  /** Ends the part that has all its bytes, and those behind it that take none: of these a recipe may name millions. */
  async function* advance(): AsyncGenerator<Buffer, void, void> {
    while (part.done !== true && left === 0) {
      await part.value.finish();
      part = parts.next();
      if (part.done !== true) left = part.value.size;
      yield* out.take();
      if (++ended % partsPerTurn === 0) await setImmediate();
      await breathe();
    }
  }
  yield* advance();
  for await (const chunk of plain) {
    for (let at = 0; at < chunk.length; ) {
      if (part.done === true)
        throw new DdiffError("RECIPE_INVALID", `${what} is longer than its recipe says`);
      const some = chunk.subarray(at, at + Math.min(left, part.value.step));
      await part.value.write(some);
      at += some.length;
      left -= some.length;
      yield* out.take();
      await breathe();
      if (left === 0) yield* advance();
    }
  }
  if (part.done !== true && part.value.size === Number.POSITIVE_INFINITY) {
    await part.value.finish();
    part = parts.next();
  }
  if (part.done !== true) throw new DdiffError("RECIPE_INVALID", `${what} is shorter than its recipe says`);
  yield* out.take(true);
}

/** One member, or literal bytes, that takes `size` plain bytes. */
interface Part {
  size: number;
  /** So many of them at once. */
  step: number;
  write(plain: Buffer): void | Promise<void>;
  finish(): void | Promise<void>;
}

function* partsOf(recipe: PackingRecipe, out: Pieces, what: string): Generator<Part, void, void> {
  for (const members of recipe) {
    if ("literal" in members) {
      const finish = (): void => out.add(Buffer.from(members.literal, "base64"));
      yield { size: members.size, step: stepSize, write() {}, finish };
      continue;
    }
    const { corrections } = members;
    const encoder =
      corrections === undefined ? findEncoder(members.encoder) : encoderOfCorrections(corrections, what);
    if (encoder === undefined) throw unknown(members.encoder, what);
    const { header } = members;
    const sizes = members.sizes.length > 0 ? members.sizes : [Number.POSITIVE_INFINITY];
    for (const size of sizes)
      yield header === undefined
        ? frameOf(encoder, size, out)
        : memberOf(encoder, Buffer.from(header, "base64"), size, out);
  }
}

function frameOf(encoder: ExactEncoder, size: number, out: Pieces): Part {
  const frame = encoder.make((bytes) => out.add(bytes));
  return { size, step: stepSize, write: (plain) => frame.write(plain), finish: () => frame.finish() };
}

function memberOf(encoder: ExactEncoder, header: Buffer, size: number, out: Pieces): Part {
  out.add(header);
  const deflate = deflateOf(encoder, size, (bytes) => out.add(bytes));
  let checksum = 0;
  let written = 0;
  return {
    size,
    step: encoder.id === correctedEncoder ? correctedStep : stepSize,
    write(plain) {
      checksum = crc32(plain, checksum);
      written += plain.length;
      return deflate.write(plain);
    },
    async finish() {
      await deflate.finish();
      const trailer = Buffer.alloc(8);
      trailer.writeUInt32LE(checksum, 0);
      trailer.writeUInt32LE(written % 2 ** 32, 4);
      out.add(trailer);
    },
  };
}

/** Several blocks are packed in threads, where an encoder has blocks. */
function deflateOf(
  encoder: ExactEncoder,
  size: number,
  emit: (bytes: Uint8Array) => void,
): DeflateEncoder | ParallelEncoder {
  const { id, blocks } = encoder;
  if (blocks === undefined || size <= 2 * blocks.size) return encoder.make(emit);
  return new ParallelEncoder(id, blocks, emit);
}

/** Gathers copies of what encoders emit into large pieces. */
class Pieces {
  #full: Buffer[] = [];
  #piece = Buffer.allocUnsafe(pieceSize);
  #length = 0;

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const some = bytes.subarray(at, at + pieceSize - this.#length);
      this.#piece.set(some, this.#length);
      this.#length += some.length;
      at += some.length;
      if (this.#length === pieceSize) this.#push();
    }
  }

  /** The full pieces, with `all` also the one that is not. */
  take(all = false): Buffer[] {
    if (all && this.#length > 0) this.#push();
    const full = this.#full;
    this.#full = [];
    return full;
  }

  #push(): void {
    this.#full.push(this.#piece.subarray(0, this.#length));
    this.#piece = Buffer.allocUnsafe(pieceSize);
    this.#length = 0;
  }
}

function unknown(id: string, what: string): DdiffError {
  return new DdiffError("ENCODER_UNKNOWN", `${what} was packed by ${id}, which this ddiff cannot do`, {
    hint: "Install a newer ddiff here.",
  });
}
