import * as z from "zod";

const size = z
  .union([
    z.int().min(0),
    z.string().regex(/^\d+(?:\.\d+)?\s*(?:[kKmMgGtT]i?[bB]?|[bB])?$/, "must be a size: 4GB"),
  ])
  .describe("Bytes, or a size such as 4GB or 650MiB.");
const growth = z
  .union([size, z.string().regex(/^\d+(?:\.\d+)?\s*%$/, "must be a size or a share: 200MB, 5%")])
  .describe("A size, or a share of the baseline such as 5%.");

const limitOf = <Amount extends z.ZodType>(amount: Amount) =>
  z.union([amount, z.strictObject({ soft: amount.optional(), hard: amount.optional() })]);

const measuresOf = <Amount extends z.ZodType>(amount: Amount) => {
  const limit = limitOf(amount);
  return {
    compressed: limit.optional().describe("Layers as the place packs them."),
    uncompressed: limit.optional().describe("Layers as tars: the same in every place."),
    files: limit.optional().describe("Content of all files, also of those that later layers hide."),
    waste: limit.optional().describe("What could go safely."),
    layer: limit.optional().describe("The largest layer, as a tar."),
    classes: z.record(z.string(), limit).optional().describe("Classes of files: docs/file-classes.md."),
  };
};

const limits = z.strictObject(measuresOf(size));
const growths = z.strictObject(measuresOf(growth));
const baseline = z
  .string()
  .min(1)
  .describe(
    "What growth is measured against: an image, or a file of --write-baseline, from this file's folder on.",
  );

const budget = z.strictObject({
  baseline: baseline.optional(),
  limits: limits.optional().describe("Of every image; a size alone is a hard limit."),
  growth: growths.optional().describe("More than the baseline."),
  images: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe("Images that this is for; * fits any part: */train:*."),
        baseline: baseline.optional(),
        limits: limits.optional(),
        growth: growths.optional(),
      }),
    )
    .default([])
    .describe("For some images; later ones count more."),
});

/** `.ddiff.yaml`, as far as `ddiff budget` goes. */
export const budgetFileSchema = z.looseObject({ budget: budget.optional() });

/** The part as it was written, defaults put in. */
export type BudgetConfig = z.infer<typeof budget>;

/** Limits by what they limit. */
export type LimitsConfig = z.infer<typeof growths>;

/** This part of the schema for editors. */
export function budgetJsonSchema(): unknown {
  return z.toJSONSchema(budgetFileSchema, { io: "input", target: "draft-7" });
}
