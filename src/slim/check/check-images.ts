import { inspectImage } from "../../inspect/read-image.ts";
import type { Platform } from "../../oci/platform.ts";
import type { PlaceContext, Source } from "../../places/place.ts";
import type { Checklist } from "./checklist.ts";
import { type CheckComparison, type CheckReport, compareChecks } from "./compare-checks.ts";
import { generateChecklist, withoutFailed } from "./generate/generate.ts";
import { type CheckedImage, checkedImage } from "./image.ts";
import { runChecklist } from "./run-checklist.ts";
import { openRunner, type RunnerChoice } from "./runners/open-runner.ts";
import { type LeftOut, writeChecklist } from "./write-checklist.ts";

/** How images are tried. */
export interface TryOptions {
  runner: RunnerChoice;
  /** Seconds that each command may take. */
  seconds: number;
}

/** What is checked, and how. */
export interface CheckRequest extends TryOptions {
  /** Undefined: what is found in the (first) image. */
  list: Checklist | undefined;
}

/** Reports of one or two images for one platform, in their order. */
export interface Checked {
  reports: CheckReport[];
  /** Of two. */
  comparison?: CheckComparison;
}

/**
 * Checks one image, or two by the same list, one after the other, and compares them. `platform` undefined: this machine's, else the image's
 * first. Throws what reading an image, `openRunner` and `runChecklist` throw.
 */
export async function checkImages(
  sources: readonly Source[],
  platform: Platform | undefined,
  request: CheckRequest,
  context: PlaceContext,
): Promise<Checked> {
  const reports: CheckReport[] = [];
  let { list } = request;
  let wanted = platform;
  for (const source of sources) {
    const image = checkedImage(await inspectImage(source, wanted, context), source);
    list ??= generateChecklist(image);
    // The second must not be another platform's, where this machine's is not there.
    wanted ??= image.image.platform;
    reports.push(await checkOne(image, list, request, context));
  }
  const [before, after] = reports;
  return before === undefined || after === undefined
    ? { reports }
    : { reports, comparison: compareChecks(before, after) };
}

/** A written checklist, and how it came about. */
export interface Generated {
  text: string;
  report: CheckReport;
  leftOut: LeftOut[];
}

/** Makes a checklist of what is found in an image, runs it, and writes what passed. `program` stands in its head. Throws as `checkImages` does. */
export async function generateFor(
  source: Source,
  platform: Platform | undefined,
  program: string,
  options: TryOptions,
  context: PlaceContext,
): Promise<Generated> {
  const image = checkedImage(await inspectImage(source, platform, context), source);
  const found = generateChecklist(image);
  const report = await checkOne(image, found, options, context);
  const { list, leftOut } = withoutFailed(found, report);
  const how = report.runner === "none" ? "and nothing of it was run" : `and run with ${report.runner}`;
  const head = `What works in ${image.name}, ${report.platform}: found by ${program}, ${how}.`;
  return { text: writeChecklist(list, { head, leftOut }), report, leftOut };
}

/** Runs a checklist on one image. Throws as `checkImages` does. */
export async function checkOne(
  image: CheckedImage,
  list: Checklist,
  { runner, seconds }: TryOptions,
  context: PlaceContext,
): Promise<CheckReport> {
  const opened = await openRunner(runner, image, context);
  try {
    return await runChecklist(list, image, opened, { seconds }, context);
  } finally {
    await opened.runner?.close();
  }
}
