import type { Answers } from "../answers.ts";
import { usesWandb } from "./dockerfile-plan.ts";
import { containerSecurity, podSecurity, resources } from "./kubernetes-pod.ts";
import { nameOf, placeholder, text } from "./kubernetes-text.ts";
import { mounts, sources, trainingVolumes } from "./kubernetes-volumes.ts";

/** One run of training. */
export function job(answers: Answers): string[] {
  const name = nameOf(answers, "train");
  const volumes = trainingVolumes(answers);
  return [
    "# A Job is never changed, only replaced: kubectl delete job first, or a new name.",
    "apiVersion: batch/v1",
    "kind: Job",
    "metadata:",
    `  name: ${text(name)}`,
    "spec:",
    "  backoffLimit: 2",
    "  # A day to read its log, then it is cleared away.",
    "  ttlSecondsAfterFinished: 86400",
    "  template:",
    "    metadata:",
    "      labels:",
    `        app: ${text(name)}`,
    "    spec:",
    "      restartPolicy: OnFailure",
    ...podSecurity(),
    "      containers:",
    "        - name: train",
    `          image: ${text(placeholder(answers, "train"))}`,
    ...(answers.train === undefined
      ? []
      : ["          args:", ...answers.train.map((one) => `            - ${text(one)}`)]),
    ...(usesWandb(answers) ? wandbKey(answers) : []),
    ...containerSecurity(),
    ...resources("2", "8Gi", "32Gi"),
    ...mounts(volumes),
    ...sources(volumes),
  ];
}

function wandbKey(answers: Answers): string[] {
  return [
    "          env:",
    "            # kubectl create secret generic with a key WANDB_API_KEY.",
    "            - name: WANDB_API_KEY",
    "              valueFrom:",
    "                secretKeyRef:",
    `                  name: ${text(nameOf(answers, "wandb"))}`,
    "                  key: WANDB_API_KEY",
    "                  optional: true",
  ];
}
