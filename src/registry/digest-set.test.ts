import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Digest, digestOf } from "../oci/digest.ts";
import { makeDigestSet } from "./digest-set.ts";

it("has what was added and nothing else, like any set", () => {
  const digest = fc.oneof(
    fc.nat(300).map((n) => digestOf(Buffer.from(String(n)))),
    fc.nat(300).map((n) => digestOf(Buffer.from(String(n)), "sha512")),
    fc.constantFrom<Digest>(
      `sha256:${"0".repeat(64)}`,
      `sha256:${"f".repeat(64)}`,
      `sha512:${"0".repeat(127)}1`,
    ),
  );
  fc.assert(
    fc.property(fc.array(digest, { maxLength: 2000 }), fc.array(digest), (added, asked) => {
      const set = makeDigestSet();
      const model = new Set<string>();
      for (const one of added) {
        expect(set.add(one)).toBe(!model.has(prefix(one)));
        model.add(prefix(one));
      }
      expect(set.size).toBe(model.size);
      for (const one of [...asked, ...added]) expect(set.has(one)).toBe(model.has(prefix(one)));
    }),
    { numRuns: 50 },
  );
});

it("holds a million digests in some 50 MB", () => {
  const before = process.memoryUsage().arrayBuffers;
  const set = makeDigestSet();
  for (let i = 0; i < 1_000_000; i++) set.add(name(i));
  expect(set.size).toBe(1_000_000);
  expect(set.has(name(999_999))).toBe(true);
  expect(set.has(name(1_000_000))).toBe(false);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
});

/** As much as the set keeps of a digest. */
function prefix(digest: Digest): string {
  return digest.slice(7, 23);
}

function name(i: number): Digest {
  return `sha256:${((i * 2654435761) % 2 ** 32).toString(16).padStart(8, "0").repeat(8)}`;
}
