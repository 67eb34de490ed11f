import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect } from "vitest";
import type { DeflateMaker } from "../encoder.ts";
import { anyBytes } from "./any-bytes.ts";
import { deflated } from "./deflated.ts";

/** What an encoder makes of inputs, one behind the other: its size and digest, as goldens.json keeps those of real programs. */
export function goldenOf(make: DeflateMaker, inputs: readonly Buffer[]): [size: number, sha256: string] {
  const hash = createHash("sha256");
  let size = 0;
  for (const input of inputs) {
    const packed = deflated(make, input);
    size += packed.length;
    hash.update(packed);
  }
  return [size, hash.digest("hex")];
}

/** Any bytes come back from what an encoder makes of them, and it makes the same however they are cut into pieces. */
export function expectAnyBytesBack(
  make: DeflateMaker,
  unpack: (packed: Buffer) => Buffer,
  numRuns: number,
): void {
  fc.assert(
    fc.property(anyBytes, fc.integer({ min: 1, max: 200_000 }), (bytes, piece) => {
      const packed = deflated(make, bytes, piece);
      expect(unpack(packed).equals(bytes)).toBe(true);
      expect(packed.equals(deflated(make, bytes, Math.max(1, bytes.length)))).toBe(true);
    }),
    { numRuns },
  );
}
