import type { Answers, StageName } from "./answers.ts";
import { usesGpu } from "./image-names.ts";

/** Architectures that a stage is built for: arm64 too, but for GPUs only where one of them is in such a machine. */
export function platformsOf(answers: Answers, stage: StageName): string[] {
  if (!usesGpu(stage, answers)) return ["linux/amd64", "linux/arm64"];
  return answers.gpus.some(isArm)
    ? answers.gpus.every(isArm)
      ? ["linux/arm64"]
      : ["linux/amd64", "linux/arm64"]
    : ["linux/amd64"];
}

/** Whether a GPU sits beside an Arm processor. */
export function isArm(name: string): boolean {
  return /^(?:GB10|GH200|GB200|GB300|T4G|Jetson)/.test(name);
}
