import type { Answers, OutputFile } from "../answers.ts";
import { purposeOf } from "../image-names.ts";
import { kustomized } from "./kubernetes-overlays.ts";
import { autoscaler, deployment, service } from "./kubernetes-serve.ts";
import { manifest } from "./kubernetes-text.ts";
import { job } from "./kubernetes-train.ts";
import { servingClaims, trainingClaims } from "./kubernetes-volumes.ts";

/**
 * Kustomize bases with overlays for CPU and GPU, one pair for the service and one for training, so that applying the one never starts the
 * other: `kubectl apply -k k8s/serve/gpu`.
 */
export function kubernetes(answers: Answers): readonly OutputFile[] {
  const serving = answers.stages.filter((one) => purposeOf(one) === "serve");
  const training = answers.stages.filter((one) => purposeOf(one) === "train");
  const files = [
    ...(serving.length === 0 || answers.serve === undefined
      ? []
      : kustomized(answers, "serve", serving, [
          manifest("serve/base/deployment.yaml", deployment(answers, answers.port ?? 8000)),
          manifest("serve/base/service.yaml", service(answers)),
          manifest("serve/base/autoscaler.yaml", autoscaler(answers)),
          ...servingClaims(answers),
        ])),
    ...(training.length === 0
      ? []
      : kustomized(answers, "train", training, [
          manifest("train/base/job.yaml", job(answers)),
          ...trainingClaims(answers),
        ])),
  ];
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}
