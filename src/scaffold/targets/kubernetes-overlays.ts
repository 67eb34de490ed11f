import type { Answers, OutputFile, StageName } from "../answers.ts";
import { imageOf } from "../image-names.ts";
import { platformsOf } from "../platforms.ts";
import { manifest, nameOf, placeholder, text } from "./kubernetes-text.ts";

type Purpose = "serve" | "train";

/** A base of manifests with an overlay for each of the stages, by kustomize. */
export function kustomized(
  answers: Answers,
  purpose: Purpose,
  stages: readonly StageName[],
  manifests: readonly OutputFile[],
): OutputFile[] {
  const folder = `k8s/${purpose}/base/`;
  const resources = manifests.map(({ path }) => path.slice(folder.length));
  return [
    base(answers, purpose, stages, resources),
    ...manifests,
    ...stages.map((stage) => overlay(answers, purpose, stage)),
  ];
}

function base(
  answers: Answers,
  purpose: Purpose,
  stages: readonly StageName[],
  resources: readonly string[],
): OutputFile {
  const [first = "cpu", ...others] = stages.map(hardwareOf).sort();
  const applied = [`kubectl apply -k k8s/${purpose}/${first}`, ...others].join(", or ");
  return manifest(`${purpose}/base/kustomization.yaml`, [
    `# Not to be applied by itself: ${applied}.`,
    "apiVersion: kustomize.config.k8s.io/v1beta1",
    "kind: Kustomization",
    "resources:",
    ...resources.map((one) => `  - ${one}`),
    "labels:",
    "  - pairs:",
    `      app.kubernetes.io/name: ${text(nameOf(answers, purpose))}`,
    `      app.kubernetes.io/part-of: ${text(answers.name.slice(0, 63).replace(/[^a-z0-9]+$/, ""))}`,
    "    includeTemplates: true",
  ]);
}

function overlay(answers: Answers, purpose: Purpose, stage: StageName): OutputFile {
  const hardware = hardwareOf(stage);
  const { repository, tag } = imageOf(answers, stage);
  const platforms = platformsOf(answers, stage);
  const patches = [
    ...(hardware === "gpu" ? gpuPatch(answers, purpose) : []),
    ...(platforms.length === 1 ? archPatch(platforms[0] ?? "") : []),
  ];
  return manifest(`${purpose}/${hardware}/kustomization.yaml`, [
    "apiVersion: kustomize.config.k8s.io/v1beta1",
    "kind: Kustomization",
    "resources:",
    "  - ../base",
    "images:",
    `  - name: ${text(placeholder(answers, purpose))}`,
    ...(answers.registry === undefined
      ? ["    # Behind your registry: ddiff init --registry ghcr.io/lab."]
      : []),
    `    newName: ${text(repository)}`,
    "    # Better its digest (digest: sha256:...), which the workflow prints: a tag can be moved.",
    `    newTag: ${text(tag)}`,
    ...(patches.length === 0
      ? []
      : [
          "patches:",
          "  - target:",
          `      kind: ${purpose === "serve" ? "Deployment" : "Job"}`,
          `      name: ${text(nameOf(answers, purpose))}`,
          "    patch: |-",
          ...patches,
        ]),
  ]);
}

/** Requests and limits of GPUs are the same number, and never shared. */
function gpuPatch({ gpus }: Answers, purpose: Purpose): string[] {
  return [
    ...(gpus.length === 0
      ? []
      : [`      # For ${gpus.join(", ")}; nvidia.com/gpu.product selects one where nodes are labelled.`]),
    "      - op: add",
    "        path: /spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu",
    '        value: "1"',
    "      - op: add",
    "        path: /spec/template/spec/tolerations",
    "        value:",
    "          - key: nvidia.com/gpu",
    "            operator: Exists",
    "            effect: NoSchedule",
    ...(purpose === "train"
      ? []
      : [
          "      # One GPU more may not be there: the old pod goes before the new one comes.",
          "      - op: replace",
          "        path: /spec/strategy/rollingUpdate",
          "        value:",
          "          maxSurge: 0",
          "          maxUnavailable: 1",
        ]),
  ];
}

/** An image of one architecture starts on no other. */
function archPatch(platform: string): string[] {
  return [
    "      - op: add",
    "        path: /spec/template/spec/nodeSelector",
    "        value:",
    `          kubernetes.io/arch: ${text(platform.replace("linux/", ""))}`,
  ];
}

function hardwareOf(stage: StageName): "cpu" | "gpu" {
  return stage.endsWith("-gpu") ? "gpu" : "cpu";
}
