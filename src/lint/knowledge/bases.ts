import { type BaseFacts, describeBase } from "../../catalog/base-images.ts";
import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { shippedStages } from "./shipped.ts";
import { rootImage } from "./variables.ts";

/** The stages that a stage stands on, the one with an image first, itself last. */
export function chainOf(stage: Stage): Stage[] {
  const chain = [stage];
  let { base } = stage;
  while (base.kind === "stage") {
    chain.unshift(base.stage);
    ({ base } = base.stage);
  }
  return chain;
}

/** The instructions that made a stage's file system, in the order in which they run; without FROM. */
export function instructionsOf(stage: Stage): Instruction[] {
  return chainOf(stage).flatMap((one) => one.instructions.slice(1));
}

/** What is certain of the image that a stage stands on in the end; undefined where nothing is. */
export function baseOf(stage: Stage): BaseFacts | undefined {
  const image = rootImage(stage);
  return image === undefined ? undefined : describeBase(image);
}

/** The stages that are images: the last one, and those that no other uses. */
export function imageStages(file: Dockerfile): Stage[] {
  const shipped = shippedStages(file);
  return file.stages.filter(
    (stage) =>
      shipped.has(stage) &&
      !file.stages.some((other) => other.base.kind === "stage" && other.base.stage === stage),
  );
}
