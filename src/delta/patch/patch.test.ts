import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { isDdiffError } from "../../util/errors.ts";
import { Aligner, type Effort } from "./align.ts";
import { bufferBytes, joinBytes, type Bytes } from "../../util/random-bytes.ts";
import { PatchDecoder } from "./decode.ts";
import { PatchEncoder } from "./encode.ts";

interface Coded {
  columns: Buffer[];
  literal: Buffer;
  steps: number;
}

function coded(base: Bytes, target: Bytes, effort: Effort = "default"): Coded {
  const encoder = new PatchEncoder();
  const literals: Buffer[] = [];
  let steps = 0;
  for (const piece of new Aligner(effort).align(base, target)) {
    encoder.add(base, target, piece, (bytes) => literals.push(Buffer.from(bytes)));
    steps += piece.count;
  }
  return { columns: encoder.take(), literal: Buffer.concat(literals), steps };
}

async function rebuilt(base: Bytes, { columns, literal }: Coded, length: number): Promise<Buffer> {
  const decoder = new PatchDecoder(columns);
  const parts: Buffer[] = [];
  const made = (): number => parts.reduce((sum, part) => sum + part.length, 0);
  let at = 0;
  while (made() < length) {
    await decoder.piece(
      base,
      async (n) => literal.subarray(at, (at += n)),
      async (bytes) => {
        expect(bytes.length).toBeLessThanOrEqual(2 ** 20);
        parts.push(Buffer.from(bytes));
      },
    );
  }
  expect(at).toBe(literal.length);
  return Buffer.concat(parts);
}

async function expectRoundTrip(base: Uint8Array, target: Uint8Array, effort?: Effort): Promise<Coded> {
  const patch = coded(bufferBytes(base), bufferBytes(target), effort);
  const made = await rebuilt(bufferBytes(base), patch, target.length);
  expect(made.equals(target)).toBe(true);
  return patch;
}

/** Bytes that no index helps with, the same in every run. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const blocks = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(fc.nat(255), fc.nat(300)).map(([value, length]) => new Uint8Array(length).fill(value)),
    fc.tuple(fc.nat(5), fc.nat(400)).map(([seed, length]) => new Uint8Array(noise(length, seed))),
  ),
  { maxLength: 12 },
);

describe("a patch rebuilds the target", () => {
  test("for any two files made of shared, repeated and random blocks", async () => {
    await fc.assert(
      fc.asyncProperty(
        blocks,
        blocks,
        fc.constantFrom<Effort>("fast", "default", "max"),
        async (a, b, effort) => {
          await expectRoundTrip(Buffer.concat(a), Buffer.concat(b), effort);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("for edited copies: bytes changed, cut out, put in, moved", async () => {
    const base = noise(20_000, 7);
    const edit = fc.tuple(
      fc.constantFrom("set", "cut", "put", "move"),
      fc.nat(20_000),
      fc.integer({ min: 1, max: 2000 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 20 }), async (edits) => {
        let target: Buffer = Buffer.from(base);
        for (const [kind, at, length] of edits) {
          const head = target.subarray(0, at);
          const rest = target.subarray(at);
          if (kind === "set")
            for (let i = at; i < Math.min(target.length, at + length); i += 37) target[i] = i;
          if (kind === "cut") target = Buffer.concat([head, rest.subarray(length)]);
          if (kind === "put") target = Buffer.concat([head, noise(length, at), rest]);
          if (kind === "move") target = Buffer.concat([rest, head]);
        }
        await expectRoundTrip(base, target);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["both empty", Buffer.alloc(0), Buffer.alloc(0)],
    ["empty base", Buffer.alloc(0), noise(100, 1)],
    ["empty target", noise(100, 1), Buffer.alloc(0)],
    ["one byte", Buffer.from([1]), Buffer.from([2])],
    ["zeros", Buffer.alloc(5000), Buffer.alloc(70_000)],
    ["zeros to ones", Buffer.alloc(5000), Buffer.alloc(5000, 1)],
  ])("for %s", async (_name, base, target) => {
    await expectRoundTrip(base, target);
  });

  test("when the base is several files joined", async () => {
    const parts = [noise(5000, 1), Buffer.alloc(0), noise(3000, 2), noise(7000, 3)];
    const joined = joinBytes(parts.map(bufferBytes));
    const target = Buffer.concat([parts[3]!, parts[0]!, parts[2]!]);
    const patch = coded(joined, bufferBytes(target));
    expect((await rebuilt(joined, patch, target.length)).equals(target)).toBe(true);
    expect(patch.literal.length).toBeLessThan(100);
  });
});

describe("a patch is small", () => {
  test("an insertion costs its own bytes and a step", async () => {
    const base = noise(100_000, 3);
    const target = Buffer.concat([
      base.subarray(0, 40_000),
      Buffer.from("something new"),
      base.subarray(40_000),
    ]);
    const { literal, columns } = await expectRoundTrip(base, target);
    expect(literal.length).toBeLessThan(20);
    expect(columns.reduce((sum, column) => sum + column.length, 0)).toBeLessThan(60);
  });

  test("scattered changes make differences, not new bytes", async () => {
    const base = noise(100_000, 3);
    const target = Buffer.from(base);
    for (let i = 50; i < target.length; i += 50) target[i] = target[i]! + 1;
    const { literal } = await expectRoundTrip(base, target);
    expect(literal.length).toBe(0);
  });
});

describe("hostile columns", () => {
  const base = noise(3000, 5);
  const target = Buffer.concat([base.subarray(1000), noise(500, 6), base.subarray(0, 900)]);
  const patch = coded(bufferBytes(base), bufferBytes(target));

  test("damaged columns end in BUNDLE_INVALID or in wrong bytes of bounded length, never otherwise", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(patch.columns.length - 1),
        fc.nat(2000),
        fc.nat(255),
        fc.boolean(),
        async (column, at, value, cut) => {
          const columns = patch.columns.map((bytes) => Buffer.from(bytes));
          const one = columns[column]!;
          if (cut) columns[column] = one.subarray(0, at % (one.length + 1));
          else if (one.length > 0) one[at % one.length] = value;
          let made = 0;
          try {
            await new PatchDecoder(columns).piece(
              bufferBytes(base),
              async (n) => Buffer.alloc(n),
              async (bytes) => {
                made += bytes.length;
                if (made > 10_000) throw new Error("enough");
              },
            );
          } catch (error) {
            if (made <= 10_000) expect(isDdiffError(error, "BUNDLE_INVALID")).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([
    ["a seek before the base", [[4, 0, 0], [0], [4], [1], [4], [], []]],
    ["a copy past the end of the base", [[4, 0, 0], [0], [4], [0xf0, 0x2e], [4], [], []]],
    ["steps longer than the piece", [[4, 0, 0], [0], [5], [0], [5], [], []]],
    ["a step of nothing", [[4, 0, 0], [0, 4], [0, 0], [], [0], [], []]],
    ["more sections than bytes", [[4, 0x7f, 0], [4], [0], [], [0], [], []]],
    ["an unknown kind of section", [[4, 1, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0], [4], [0], [], [0], [], []]],
    ["a number beyond 2^53", [[255, 255, 255, 255, 255, 255, 255, 255, 255, 1], [], [], [], [], [], []]],
    ["too few columns", [[4], [4], [0]]],
  ])("refuses %s", async (_name, columns) => {
    const decode = async (): Promise<void> =>
      new PatchDecoder(columns.map((bytes) => Buffer.from(bytes))).piece(
        bufferBytes(base),
        async (n) => Buffer.alloc(n),
        async () => {},
      );
    await expect(decode()).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });
});
