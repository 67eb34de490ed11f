import { driverRunsWheel, findToolkit } from "../../catalog/cuda.ts";
import {
  findTorch,
  type TorchChoice,
  torchCapabilities,
  torchFor,
  torchHasPython,
} from "../../catalog/torch.ts";
import { compareVersions, majorOf } from "../../catalog/versions.ts";
import { vllmReleases } from "../../catalog/vllm.ts";
import type { DdiffError } from "../../util/errors.ts";
import { impossible } from "../impossible.ts";
import type { Found, Framework, Project } from "../project.ts";
import type { Machine } from "./machine.ts";
import { hasCodeFor, surelyFor, torchBuilds } from "./torch-builds.ts";

/**
 * `IMPOSSIBLE`: says which of the wishes excludes the others, and what goes when one of them is let go. `ofPypi` is whose wheels are those of
 * PyPI: a lock file's, or vLLM's.
 */
export function torchRefusal(
  project: Project,
  torch: Found<Framework>,
  machine: Machine,
  { pinned, ofPypi }: { readonly pinned: string | undefined; readonly ofPypi: string | undefined },
): DdiffError {
  const wantedCuda = machine.cuda ?? torch.value.cuda;
  const why = reasonAgainst(pinned, wantedCuda, machine);
  const whose =
    ofPypi !== undefined && wantedCuda === undefined ? `${why}: ${ofPypi} has the wheels of PyPI` : why;
  const ofVllm = ofPypi !== undefined && ofPypi !== project.lockFile;
  if (ofVllm) return impossible(whose, nearestVllm(machine));
  const sameTorch = surelyFor(torchBuilds(project, machine, pinned), machine).sort(
    (a, b) => distance(a.cuda, wantedCuda) - distance(b.cuda, wantedCuda),
  )[0];
  if (sameTorch !== undefined) {
    const how =
      ofPypi !== undefined || torch.value.cuda !== undefined
        ? `name the index ${sameTorch.index} in ${project.manifest ?? "the manifest"}${project.lockFile === undefined ? "" : " and lock again"}`
        : `--cuda ${sameTorch.cuda}`;
    return impossible(whose, `The nearest that goes is ${withTorch(sameTorch)}: ${how}.`);
  }
  const { driver, python } = machine;
  const otherTorch = torchFor({ capabilities: machine.gpus.map((one) => one.capability), driver, python })
    .filter((one) => machine.cuda === undefined || one.cuda === machine.cuda)
    .sort((a, b) => distance(a.torch, pinned) - distance(b.torch, pinned))[0];
  if (otherTorch !== undefined) return impossible(why, `The nearest that goes is ${withTorch(otherTorch)}.`);
  // The one that the oldest driver runs: of equal ones the newest.
  const [noDriver] = torchBuilds(project, { ...machine, driver: undefined }, pinned).sort((a, b) =>
    compareVersions(driverFor(a), driverFor(b)),
  );
  if (noDriver !== undefined) {
    return impossible(
      why,
      `The nearest that goes is ${withTorch(noDriver)}, on driver ${driverFor(noDriver)} or newer.`,
    );
  }
  const [noGpu] = torchBuilds(project, { ...machine, gpus: [] }, pinned);
  const runs = noGpu === undefined ? undefined : torchCapabilities(noGpu.torch, noGpu.cuda)?.join(", ");
  return impossible(
    why,
    noGpu === undefined
      ? "Let go of one of --gpu, --driver, --cuda and --python."
      : `${withTorch(noGpu)} runs on GPUs of compute capability ${runs ?? "unknown"}.`,
  );
}

function reasonAgainst(pinned: string | undefined, cuda: string | undefined, machine: Machine): string {
  const name = pinned === undefined ? "torch" : `torch ${pinned}`;
  const release = pinned === undefined ? undefined : findTorch(pinned);
  if (pinned !== undefined && torchHasPython(pinned, machine.python) === false)
    return `${name} has no wheels for Python ${machine.python}, only for ${release?.python.join(" to ") ?? ""}`;
  if (cuda !== undefined && release !== undefined && !release.cuda.includes(cuda))
    return `${name} has no wheels for CUDA ${cuda}, only for ${release.cuda.join(", ")}`;
  const cudas = cuda === undefined ? (release?.cuda ?? []) : [cuda];
  const { driver } = machine;
  if (
    driver !== undefined &&
    cudas.length > 0 &&
    cudas.every((one) => driverRunsWheel(driver, one).runs !== true)
  )
    return `${name} does not run on driver ${driver}: ${driverRunsWheel(driver, cudas.at(0) ?? "").reason}`;
  for (const gpu of machine.gpus) {
    if (pinned !== undefined && cudas.every((one) => hasCodeFor({ torch: pinned, cuda: one }, gpu) === false))
      return `${name}${cuda === undefined ? "" : ` of CUDA ${cuda}`} has no code for ${gpu.name} (compute capability ${gpu.capability})`;
  }
  const wishes = [
    ...machine.gpus.map((one) => one.name),
    ...(driver === undefined ? [] : [`driver ${driver}`]),
    ...(cuda === undefined ? [] : [`CUDA ${cuda}`]),
    `Python ${machine.python}`,
  ];
  return `no build of ${name} goes with ${wishes.join(", ")}`;
}

/** The newest vLLM whose torch runs on the machine. */
function nearestVllm({ gpus, driver, cuda, python }: Machine): string {
  const capabilities = gpus.map((one) => one.capability);
  for (const row of vllmReleases) {
    const builds = torchFor({ capabilities, driver, python, torch: row.torch });
    const build = builds.find((one) => one.isPypi);
    if (build === undefined || (cuda !== undefined && build.cuda !== cuda)) continue;
    if (compareVersions(python, row.python) <= 0)
      return `The nearest that goes is vllm ${row.to}, which is built with ${withTorch(build)}: ask for it, and run this again.`;
  }
  return "Let go of one of --gpu, --driver, --cuda and --python.";
}

/** How far versions are apart, in minor releases; 0 where there is nothing to compare with. */
function distance(version: string, from: string | undefined): number {
  if (from === undefined) return 0;
  return Math.abs(minors(version) - minors(from));
}

function minors(version: string): number {
  return majorOf(version) * 100 + Number(version.split(".")[1] ?? 0);
}

function withTorch({ torch, cuda }: TorchChoice): string {
  return `torch ${torch} with CUDA ${cuda}`;
}

/** The oldest driver that runs a build. */
function driverFor({ cuda }: TorchChoice): string {
  return findToolkit(cuda)?.minimumDriver ?? "999";
}
