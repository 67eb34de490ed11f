import { posix } from "node:path";
import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import type { LintContext } from "../rule.ts";

const cpuName = /(?:^|[-_./:])cpu(?:[-_./:]|$)/i;

/** What says that a stage is meant for machines without a GPU, in words; undefined where nothing does. */
export function cpuEvidence(file: Dockerfile, stage: Stage, context: LintContext): string | undefined {
  const visible = stage.end.env.get("CUDA_VISIBLE_DEVICES");
  if (visible === "" || visible === "-1")
    return `CUDA_VISIBLE_DEVICES is ${visible === "" ? "empty" : visible}`;
  const names = [stage, ...users(file, stage)].map((one) => one.name ?? "");
  const named = names.find((name) => cpuName.test(name));
  if (named !== undefined) return `the stage is called ${named}`;
  const base = posix.basename(context.path);
  if (cpuName.test(base)) return `the file is called ${base}`;
  const flag = /--device[= ]cpu\b|\bdevice=["']?cpu\b/i.exec(file.text)?.[0];
  if (flag !== undefined) return `it runs with ${flag}`;
  for (const [name, value] of stage.end.env)
    if (name.endsWith("DEVICE") && value === "cpu") return `${name} is cpu`;
  return /\b(?:faiss-cpu|tensorflow-cpu|tensorflow_cpu)\b/.exec(file.text)?.[0]?.concat(" is installed, too");
}

/** Whether anything in a file, its name, or the compose files beside it speaks of GPUs. */
export function mentionsGpu(file: Dockerfile, context: LintContext): boolean {
  const words =
    /nvidia|cuda|gpu|rocm|hip\b|flash.attn|vllm|xformers|deepspeed|bitsandbytes|triton|cupy|tpu|hpu|xpu|habana|neuron|jetson|l4t/i;
  // Comments are full of companies' names.
  const spoken = file.instructions.map((one) => one.body.text).join("\n");
  if (words.test(spoken) || words.test(posix.basename(context.path))) return true;
  return (context.files ?? []).some(
    ({ path }) =>
      !path.includes("/") && /compose.*\.ya?ml$/.test(path) && /nvidia|gpu/i.test(context.read(path) ?? ""),
  );
}

/** The stages that stand on a stage or copy from it. */
function users(file: Dockerfile, stage: Stage): Stage[] {
  return file.stages.filter((one) => one.uses.includes(stage));
}
