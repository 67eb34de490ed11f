import { inspectLayers } from "../inspect/read-image.ts";
import { readImage } from "../places/image-tree.ts";
import { outgoingSource } from "../places/outgoing-source.ts";
import type { OutgoingImage, PlaceContext, Source } from "../places/place.ts";
import type { CheckRequest } from "./check/check-images.ts";
import type { CheckComparison } from "./check/compare-checks.ts";
import { type Behaviour, compareBehaviour, recordBehaviour, refuseLost } from "./check/same-behaviour.ts";
import { runnerChoices } from "./check/runners/open-runner.ts";
import type { SlimPlan } from "./slim.ts";

/** What the images of a plan do, each tried once by what is found in it and by the list that was given. Throws as `recordBehaviour` does. */
export async function recordBefore(
  source: Source,
  plans: readonly SlimPlan[],
  options: CheckRequest,
  context: PlaceContext,
): Promise<Behaviour[]> {
  const recorded: Behaviour[] = [];
  for (const { inspected } of plans)
    recorded.push(await recordBehaviour({ inspected, source }, options, context, options.list));
  return recorded;
}

/**
 * Tries the new images in the same way before they are written anywhere. Throws `BEHAVIOUR_LOST` (exit status 1) where something that worked no
 * longer does.
 */
export async function proveSame(
  made: OutgoingImage,
  before: readonly Behaviour[],
  options: CheckRequest,
  context: PlaceContext,
): Promise<CheckComparison[]> {
  const source = outgoingSource(made, "the slim image");
  const tree = await readImage(source, { platforms: [], referrers: false });
  const comparisons: CheckComparison[] = [];
  for (const [i, behaviour] of before.entries()) {
    const image = tree.images[i];
    if (image === undefined) continue;
    const inspected = await inspectLayers(source, tree, image, context);
    // What one runner cannot do must not look like a loss.
    const runner = runnerChoices.find((choice) => choice === behaviour.report.runner) ?? options.runner;
    const { comparison } = await compareBehaviour(
      behaviour,
      { inspected, source },
      { ...options, runner },
      context,
    );
    refuseLost(comparison);
    comparisons.push(comparison);
  }
  return comparisons;
}
