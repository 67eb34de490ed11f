import { Readable } from "node:stream";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { encoders } from "../codec/exact/encoders.ts";
import type { PackingRecipe } from "../codec/exact/packing-recipe.ts";
import { repacked } from "../codec/exact/repack.ts";
import { sampleBytes } from "../codec/exact/testing/sample.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { digestOf } from "../oci/digest.ts";
import { DdiffError } from "../util/errors.ts";
import { encodeBundleConfig, parseBundleConfig } from "./bundle-config.ts";

const plain = sampleBytes(2000);
const digest = digestOf(plain);
const blob = { mediaType: mediaTypes.ociLayerGzip, digest, size: 100 };
const header = Buffer.from([31, 139, 8, 0, 0, 0, 0, 0, 0, 255]).toString("base64");

const base64 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const strange = fc.constantFrom<unknown>(-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e300, "7");
const size = fc.oneof({ weight: 12, arbitrary: fc.oneof(fc.nat(1200), fc.constantFrom(0, 2000)) }, strange);
const members = fc.oneof(
  fc.record(
    {
      encoder: fc.oneof(
        fc.constantFrom(...encoders.map(({ id }) => id)),
        fc.constantFrom("nobody", "corrected"),
      ),
      header: fc.oneof({ weight: 6, arbitrary: fc.constant(header) }, base64),
      sizes: fc.array(size, { maxLength: 4 }),
      corrections: base64,
    },
    { requiredKeys: ["encoder", "sizes"] },
  ),
  fc.record({ literal: base64, size }),
);

/** What comes of a recipe that stands in a bundle's config; undefined where the config is refused. */
async function packedSize(recipe: unknown): Promise<number | undefined> {
  const config = parseBundleConfig(
    encodeBundleConfig({
      version: 3,
      targets: [{ root: blob }],
      documents: [],
      referrers: [],
      layers: [{ from: "base", diffId: digest }],
      blobs: [],
      packings: [{ diffId: digest, blob, recipe: recipe as PackingRecipe }],
      base: { names: [], layers: [digest] },
    }),
  );
  let packed = 0;
  for (const one of config.packings ?? [])
    for await (const piece of repacked(Readable.from([plain]), one.recipe, "it")) packed += piece.length;
  return packed;
}

it("packs by a recipe that somebody made up, or says what is wrong with it", async () => {
  const codes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(members, { minLength: 1, maxLength: 3 }), async (recipe) => {
      try {
        expect(await packedSize(recipe)).toBeLessThan(100_000);
        codes.add("packed");
      } catch (error) {
        if (!(error instanceof DdiffError)) throw error;
        expect(error.code).toMatch(/^(?:BUNDLE_INVALID|RECIPE_INVALID|ENCODER_UNKNOWN)$/);
        codes.add(error.code);
      }
    }),
    { numRuns: 400 },
  );
  expect([...codes]).toEqual(expect.arrayContaining(["packed", "BUNDLE_INVALID", "RECIPE_INVALID"]));
}, 60_000);
