import { posix } from "node:path";
import { describeBase } from "../../catalog/base-images.ts";
import type { ComposeService } from "../../dockerfile/compose.ts";
import { gpuRequest, textAt } from "../../dockerfile/compose-values.ts";
import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import { readDockerfile } from "../../dockerfile/read.ts";
import { defineRule, type LintContext } from "../rule.ts";

/** What brings CUDA into an image that does not start from it, or may. */
const bringsCuda =
  /nvidia|cuda|\bcu1[1-3]\d\b|torch|tensorflow|jax|cupy|onnxruntime-gpu|tensorrt|vllm|llama|paddle|mxnet|triton|rapids|cudf|conda|mamba|pixi|ffmpeg|ultralytics|transformers|diffusers|accelerate|lightning|whisper|detectron|easyocr|keras|spacy|sentence|bitsandbytes|xgboost|lightgbm|numba/i;
const projectFiles = [
  "requirements.txt",
  "pyproject.toml",
  "uv.lock",
  "poetry.lock",
  "environment.yml",
  "pixi.toml",
  "Pipfile",
  "setup.py",
];

export const composeGpuForCpuImage = defineRule({
  kind: "compose",
  name: "compose-gpu-for-cpu-image",
  group: "compose",
  severity: "info",
  aliases: [],
  meaning: "A service reserves a GPU for an image in which nothing can use it.",
  why: "The GPU is taken from others, and the service cannot start on a machine without one, yet it computes on the CPU: onnxruntime and wheels from the `cpu` index do not see a GPU. Take the reservation away, or install the CUDA packages. The base image, the Dockerfile and the requirements beside it are looked at; what else brings CUDA cannot be seen.",
  examples: [
    {
      bad: "services:\n  api:\n    build: .\n    gpus: all\n",
      good: "services:\n  api:\n    build: .\n",
      files: {
        Dockerfile: "FROM python:3.11-slim\nRUN pip install --no-cache-dir onnxruntime==1.20.0\n",
      },
    },
  ],
  check(file, report, context) {
    for (const service of file.services) {
      const at = gpuRequest(service);
      if (at === undefined) continue;
      const image = textAt(service, "image") ?? "";
      if (service.get("build") === undefined) {
        if (/:[^/]*\bcpu\b[^/]*$/i.test(image)) {
          report({ at, message: `${service.name} reserves a GPU for ${image}, which is made for the CPU` });
        }
        continue;
      }
      const base = cpuBase(service, context);
      if (base === undefined) continue;
      report({
        at,
        message: `${service.name} reserves a GPU, but ${base} has no CUDA and nothing that its Dockerfile names brings it`,
      });
    }
  },
});

/** The base image of the service's Dockerfile where nothing in it or in the requirements can use a GPU. */
function cpuBase(service: ComposeService, context: LintContext): string | undefined {
  const short = textAt(service, "build");
  const folder = posix.normalize(short ?? textAt(service, "build", "context") ?? ".");
  if (/[$:]/.test(folder) || folder.startsWith("/")) return undefined;
  const name = textAt(service, "build", "dockerfile") ?? "Dockerfile";
  const text = context.read(posix.join(folder, name));
  if (text === undefined) return undefined;
  const file = readDockerfile(text);
  const target = textAt(service, "build", "target")?.toLowerCase();
  const last = target === undefined ? file.stages.at(-1) : file.stages.find((one) => one.name === target);
  const stages = last === undefined ? [] : stackOf(last);
  const bottom = stages.at(-1);
  if (bottom === undefined || bottom.base.kind !== "image") return undefined;
  const facts = describeBase(bottom.base.image);
  if (facts === undefined || facts.cuda !== undefined || facts.frameworks.length > 0) return undefined;
  const written = stages.map((stage) => textOf(file, stage)).join("\n");
  const cpuOnly = written.replaceAll(/\S*whl\/cpu\S*/g, "");
  const hasCpuIndex = cpuOnly !== written;
  if (!hasCpuIndex && bringsCuda.test(written)) return undefined;
  if (hasCpuIndex && /nvidia|cuda|onnxruntime-gpu|tensorflow|jax/i.test(cpuOnly)) return undefined;
  const named = [...written.matchAll(/[\w./-]+\.(?:txt|toml|lock|ya?ml|py)\b/g)].map(([path]) => path);
  for (const path of [...named, ...(hasCpuIndex ? [] : projectFiles)]) {
    const found = context.read(posix.join(folder, path));
    if (found !== undefined && bringsCuda.test(found) && !hasCpuIndex) return undefined;
  }
  if (!hasCpuIndex && othersBringCuda(folder, named, context)) return undefined;
  return bottom.base.image;
}

/** `COPY notebooks .` brings notebooks/requirements.txt: the same names in folders below. */
function othersBringCuda(folder: string, named: readonly string[], context: LintContext): boolean {
  const names = new Set([...named, ...projectFiles].map((path) => posix.basename(path)));
  return (context.files ?? []).some(
    ({ path }) =>
      names.has(posix.basename(path)) &&
      (folder === "." || path.startsWith(`${folder}/`)) &&
      bringsCuda.test(context.read(path) ?? ""),
  );
}

function stackOf(stage: Stage): Stage[] {
  return stage.base.kind === "stage" ? [stage, ...stackOf(stage.base.stage)] : [stage];
}

/** What a stage says, and those it copies from: comments do not count. */
function textOf(file: Dockerfile, stage: Stage): string {
  return [stage, ...stage.uses]
    .flatMap((one) => one.instructions)
    .map((one) => file.text.slice(one.start, one.end).replaceAll(/^\s*#.*$/gm, ""))
    .join("\n");
}
