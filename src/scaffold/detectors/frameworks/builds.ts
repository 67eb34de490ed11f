import { cudaOfIndex } from "../../../catalog/cuda.ts";
import { minorOf } from "../../../catalog/versions.ts";
import type { Draft, Evidence, FrameworkName, ProjectFiles } from "../../project.ts";
import { containerFacts } from "../reading/container-commands.ts";
import type { Wishes } from "../reading/wish-list.ts";

/** Something that speaks for CPU or CUDA builds. */
export interface Hint {
  readonly build: "cpu" | "cuda";
  readonly cuda: string | undefined;
  readonly from: Evidence;
}

/** What speaks for CPU or CUDA builds of a framework, the surest first. */
export function buildHints(
  files: ProjectFiles,
  draft: Draft,
  wishes: Wishes,
  name: FrameworkName,
  names: readonly string[],
): Hint[] {
  const hints: Hint[] = [];
  const cpu = (from: Evidence): void => void hints.push({ build: "cpu", cuda: undefined, from });
  const gpu = (version: string | undefined, from: Evidence): void =>
    void hints.push({ build: "cuda", cuda: version, from });
  for (const one of draft.requirements.filter((one) => names.includes(one.name))) {
    const local = /\+(cpu|cu\d+)/.exec(one.version)?.[1];
    if (local === "cpu") cpu(one.from);
    else if (local !== undefined) gpu(cudaOfIndex(local), one.from);
    if (one.name.endsWith("-cpu")) cpu(one.from);
    if (one.name.endsWith("-gpu") || one.extras.includes("and-cuda")) gpu(undefined, one.from);
    const major = /(?:^|[-_ ])cu(?:da)?(1\d)(?:$|x|[-_ ])/.exec([one.name, ...one.extras].join(" "))?.[1];
    if (major !== undefined) gpu(major, one.from);
  }
  if (name === "torch" || name === "vllm") {
    const indexes = [
      ...wishes.indexes,
      ...containerFacts(files, draft)
        .indexes.filter(({ url }) => !url.endsWith("/cpu"))
        .map(({ url, file, line }) => ({
          url,
          packages: [],
          from: { file, line, says: `names ${url}` },
        })),
    ];
    for (const { url, packages, from } of indexes) {
      if (packages.length > 0 && !packages.includes("torch")) continue;
      const build = /(?:^|[/+]|%2B)(cpu|cu\d{2,3})(?=$|[/?#-]|\/torch)/.exec(url)?.[1];
      if (build === "cpu") cpu(from);
      else if (build !== undefined) gpu(cudaOfIndex(build), from);
    }
    for (const { version, line } of wishes.locked.get("torch") ?? []) {
      const local = /\+(cpu|cu\d+)/.exec(version)?.[1];
      const from = { file: wishes.lockFile ?? "", line, says: `has torch ${version}` };
      if (local === "cpu") cpu(from);
      else if (local !== undefined) gpu(cudaOfIndex(local), from);
    }
  }
  addConda(draft, wishes, name, cpu, gpu);
  addLockedCuda(wishes, name, hints, gpu);
  return hints;
}

function addConda(
  draft: Draft,
  wishes: Wishes,
  name: FrameworkName,
  cpu: (from: Evidence) => void,
  gpu: (version: string | undefined, from: Evidence) => void,
): void {
  if (draft.manager.value !== "conda" && draft.manager.value !== "pixi") return;
  const channels = { torch: /^pytorch/, tensorflow: /^tensorflow/, jax: /^jax/ } as const;
  const pattern = name === "torch" || name === "tensorflow" || name === "jax" ? channels[name] : undefined;
  for (const one of wishes.conda) {
    const number = /(\d+(?:\.\d+)?)/.exec(one.version)?.[1];
    if (/^(?:pytorch-cuda|cudatoolkit|cuda-version|cuda-toolkit|cuda-runtime|cuda)$/.test(one.condaName))
      gpu(number, one.from);
    if (one.condaName === "cpuonly" && name === "torch") cpu(one.from);
    if (pattern?.test(one.condaName) !== true) continue;
    if (one.condaName.endsWith("-gpu") || /cuda|gpu/.test(one.build ?? "")) {
      const build = /cuda_?(\d{2})\.?(\d)?/.exec(one.build ?? "");
      gpu(build === null ? undefined : [build[1], build[2]].filter(Boolean).join("."), one.from);
    }
    if (one.condaName.endsWith("-cpu") || /cpu/.test(one.build ?? "")) cpu(one.from);
  }
  for (const { version, from } of wishes.systemCuda) gpu(version, from);
}

/** The CUDA wheels of NVIDIA in a lock file: they come along where no other build was chosen. */
function addLockedCuda(
  wishes: Wishes,
  name: FrameworkName,
  hints: readonly Hint[],
  gpu: (version: string | undefined, from: Evidence) => void,
): void {
  if (
    hints.length > 0 ||
    !["torch", "vllm", "tensorflow", "jax"].includes(name) ||
    wishes.lockFile === undefined
  )
    return;
  for (const wheel of [
    "nvidia-cuda-runtime",
    "nvidia-cuda-runtime-cu13",
    "nvidia-cuda-runtime-cu12",
    "nvidia-cuda-runtime-cu11",
  ]) {
    const [locked] = wishes.locked.get(wheel) ?? [];
    if (locked === undefined) continue;
    gpu(minorOf(locked.version), {
      file: wishes.lockFile,
      line: locked.line,
      says: `has ${wheel} ${locked.version}`,
    });
    return;
  }
}
