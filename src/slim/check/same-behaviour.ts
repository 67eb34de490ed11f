import type { InspectedImage } from "../../inspect/read-image.ts";
import type { PlaceContext, Source } from "../../places/place.ts";
import { DdiffError } from "../../util/errors.ts";
import { checkOne, type TryOptions } from "./check-images.ts";
import type { Checklist } from "./checklist.ts";
import { type CheckComparison, type CheckReport, compareChecks } from "./compare-checks.ts";
import { generateChecklist } from "./generate/generate.ts";
import { checkedImage } from "./image.ts";
import { joinChecklists } from "./read-checklist.ts";

/** What an image does, and the list by which that was found. */
export interface Behaviour {
  list: Checklist;
  report: CheckReport;
}

/** An image that was read, and where from; the source stays open. */
export interface ReadFrom {
  inspected: InspectedImage;
  source: Source;
}

/**
 * Makes a checklist of what is in an image, and of what else was asked (`more`), and runs it. For an image that no place holds yet: `outgoingSource` (places/outgoing-source.ts). Throws what
 * `openRunner` and `runChecklist` throw; that a test fails is part of the answer.
 */
export async function recordBehaviour(
  image: ReadFrom,
  options: TryOptions,
  context: PlaceContext,
  more: Checklist | undefined,
): Promise<Behaviour> {
  const found = generateChecklist(checkedImage(image.inspected, image.source));
  const list = more === undefined ? found : joinChecklists([found, more]);
  return { list, report: await runOn(image, list, options, context) };
}

/** Runs the same list on what was made of the image, and says what is not as before. Throws as `recordBehaviour` does. */
export async function compareBehaviour(
  before: Behaviour,
  after: ReadFrom,
  options: TryOptions,
  context: PlaceContext,
): Promise<{ report: CheckReport; comparison: CheckComparison }> {
  const report = await runOn(after, before.list, options, context);
  return { report, comparison: compareChecks(before.report, report) };
}

/** Throws `BEHAVIOUR_LOST` (exit status 1) where something that worked no longer does; the first of it stand in the sentence. */
export function refuseLost({ lost }: CheckComparison): void {
  const [first] = lost;
  if (first === undefined) return;
  const others = lost.length === 1 ? "" : `, and ${lost.length - 1} more`;
  throw new DdiffError(
    "BEHAVIOUR_LOST",
    `${first.title} worked before and does not any more: ${first.why[0]}${others}`,
    {
      hint: "Keep the files that it needs with --keep CLASS, or leave the class out of --drop.",
      exitStatus: 1,
    },
  );
}

async function runOn(
  { inspected, source }: ReadFrom,
  list: Checklist,
  options: TryOptions,
  context: PlaceContext,
): Promise<CheckReport> {
  return checkOne(checkedImage(inspected, source), list, options, context);
}
