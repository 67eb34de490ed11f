import { readFileSync } from "node:fs";
import * as z from "zod";
import { DdiffError, messageOf } from "../../util/errors.ts";
import { type AnalysisJson, analysisSchema } from "../reports/json-schema.ts";
import { type Measures, measuresOf } from "./measures.ts";

/** What an image was before. */
export interface Baseline extends Pick<AnalysisJson, "packages"> {
  /** As it was named. */
  label: string;
  measures: Measures;
}

const bytes = z.int().min(0);
const imageSchema = z.object({
  name: z.string(),
  platform: z.string(),
  sizes: z.object({
    compressed: bytes.optional(),
    uncompressed: bytes,
    files: bytes,
    waste: bytes,
    layer: bytes,
  }),
  classes: z.record(z.string(), bytes),
  packages: analysisSchema.shape.packages,
});
const fileSchema = z.object({ version: z.literal(1), images: z.array(imageSchema) });

/** The text of a file that keeps what images are now, a package in a line. The same images give the same text. */
export function baselineText(images: readonly { label: string; report: AnalysisJson }[]): string {
  const kept = images.map(({ label, report }) => {
    const { classes, ...sizes } = measuresOf(report);
    const head = JSON.stringify({ name: label, platform: report.image.platform, sizes, classes });
    const packages = report.packages.map((one) => JSON.stringify(one)).join(",\n");
    return `${head.slice(0, -1)},"packages":[\n${packages}\n]}`;
  });
  return `{"version":1,"images":[\n${kept.join(",\n")}\n]}\n`;
}

/** An image as a baseline. */
export function baselineOf(label: string, report: AnalysisJson): Baseline {
  return { label, measures: measuresOf(report), packages: report.packages };
}

/**
 * What a file of `--write-baseline`, or of `ddiff analyze --json`, says of an image and platform: that of the same name, else the only one of
 * its repository, whatever its tag, else the only one of its platform. Throws `BASELINE_INVALID` (exit status 2).
 */
export function readBaseline(file: string, names: readonly string[], platform: string): Baseline | undefined {
  const parsed = parse(file);
  const report = analysisSchema.safeParse(parsed);
  if (report.success)
    return report.data.image.platform === platform ? baselineOf(file, report.data) : undefined;
  const kept = fileSchema.safeParse(parsed);
  if (!kept.success) throw invalid(file, "it is neither a baseline of version 1 nor a report", kept.error);
  const there = kept.data.images.filter((one) => one.platform === platform);
  const found =
    there.find(({ name }) => names.includes(name)) ??
    only(there.filter(({ name }) => names.some((one) => repositoryOf(one) === repositoryOf(name)))) ??
    only(there);
  if (found === undefined) return undefined;
  const { sizes, classes, packages } = found;
  return { label: file, measures: { ...sizes, classes }, packages };
}

function only<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** An image's name without its tag or digest. */
function repositoryOf(name: string): string {
  return name.replace(/@[^@/]*$/, "").replace(/:[^:/]*$/, "");
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw invalid(file, messageOf(cause), cause);
  }
}

function invalid(file: string, why: string, cause: unknown): DdiffError {
  return new DdiffError("BASELINE_INVALID", `the baseline ${file} cannot be used: ${why}`, {
    hint: `Make it anew with "ddiff budget --write-baseline ${file} IMAGE".`,
    exitStatus: 2,
    cause,
  });
}
