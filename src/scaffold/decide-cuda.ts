import { satisfies } from "@renovatebot/pep440";
import { driverRuns, driverRunsWheel, findToolkit, toolkitBuildsFor, toolkits } from "../catalog/cuda.ts";
import { livingCudaTags } from "../catalog/cuda-images.ts";
import { findFramework, frameworks } from "../catalog/frameworks.ts";
import { findGpu, type Gpu, nearGpuNames } from "../catalog/gpus.ts";
import {
  findTorch,
  type TorchChoice,
  torchCapabilities,
  torchFor,
  torchHasKernels,
  torchHasPython,
} from "../catalog/torch.ts";
import { compareVersions, majorOf, minorOf } from "../catalog/versions.ts";
import { DdiffError } from "../util/errors.ts";
import type { Answers } from "./answers.ts";
import type { Choices } from "./choices.ts";
import { impossible } from "./impossible.ts";
import type { Found, Framework, Project } from "./project.ts";

/** What is decided about GPUs, and why. */
export interface CudaDecision {
  readonly gpus: readonly Gpu[];
  readonly driver: string | undefined;
  /** Undefined for CPU only. */
  readonly cuda: string | undefined;
  readonly torch: string | undefined;
  /** Half sentences, for display. */
  readonly why: { readonly gpu: string; readonly cuda: string; readonly torch: string };
}

/**
 * GPU, driver, CUDA and torch that go together: what was asked for, else what the project's files say, else what the catalogue has newest.
 * Throws `IMPOSSIBLE` with the nearest that goes, `GPU_UNKNOWN`.
 */
export function decideCuda(
  project: Project,
  choices: Choices,
  python: string,
  earlier: Answers | undefined,
): CudaDecision {
  const gpus = (choices.gpus ?? []).map(gpuNamed);
  const torch = find(project, "torch");
  const asksForGpu = gpus.length > 0 || choices.driver !== undefined || choices.cuda !== undefined;
  const cpuOnly = torch?.value.build === "cpu" ? torch : undefined;
  if (asksForGpu && cpuOnly !== undefined) {
    throw impossible(
      `a GPU is asked for, but ${evidenceOf(cpuOnly)}`,
      "Let the project ask for CUDA builds, or take --gpu none.",
    );
  }
  const user = project.frameworks.find((one) => isCudaUser(one.value));
  const compiles = project.systemNeeds.some((one) => one.value === "cuda-compiler");
  const isNone = choices.gpus?.length === 0;
  if (isNone || cpuOnly !== undefined || (!asksForGpu && user === undefined && !compiles)) {
    const gpu = isNone
      ? "CPU only is asked for"
      : cpuOnly === undefined
        ? "nothing that was found uses CUDA"
        : evidenceOf(cpuOnly);
    const version = torchForCpu(torch, python, project, earlier);
    const why = { gpu, cuda: gpu, torch: torchWhy(torch, version) };
    return { gpus: [], driver: undefined, cuda: undefined, torch: version, why };
  }
  const machine: Machine = { gpus, driver: choices.driver, cuda: choices.cuda, python };
  const gpu = gpus.length > 0 ? "asked for" : "none is named: any that the wheels run on";
  if (torch !== undefined) {
    const chosen = chooseTorch(project, torch, machine, earlier);
    return { ...machine, ...chosen, why: { gpu, ...chosen.why } };
  }
  const chosen = chooseToolkit(user, machine);
  return { ...machine, ...chosen, torch: undefined, why: { gpu, torch: "not asked for", cuda: chosen.why } };
}

/**
 * Whether the container toolkit starts an image of NVIDIA's on this driver: stricter than what wheels need. Throws `IMPOSSIBLE` where it
 * does not.
 */
export function checkImageStarts(base: string | undefined, decided: CudaDecision): void {
  const { driver, cuda } = decided;
  if (driver === undefined || cuda === undefined || base === undefined || !base.includes("nvidia/cuda:"))
    return;
  const geforce = decided.gpus.some((one) => one.geforce);
  const answer = driverRuns(driver, cuda, geforce);
  if (answer.runs !== false) return;
  const nearest = toolkits.find(
    (one) =>
      livingCudaTags(one.cuda, "runtime", false).length > 0 &&
      driverRuns(driver, one.cuda, geforce).runs === true,
  );
  throw impossible(
    `${base} does not start on driver ${driver}: ${answer.reason}`,
    nearest === undefined
      ? `Install driver ${findToolkit(cuda)?.bundledDriver ?? cuda} or newer.`
      : `The newest that starts there is --cuda ${nearest.cuda}; or install driver ${findToolkit(cuda)?.bundledDriver ?? ""} or newer.`,
  );
}

interface Machine {
  readonly gpus: readonly Gpu[];
  readonly driver: string | undefined;
  /** Asked for. */
  readonly cuda: string | undefined;
  readonly python: string;
}

function gpuNamed(name: string): Gpu {
  const gpu = findGpu(name);
  if (gpu !== undefined) return gpu;
  const near = nearGpuNames(name);
  throw new DdiffError("GPU_UNKNOWN", `the catalogue has no GPU ${JSON.stringify(name)}`, {
    hint: `Write its name (rtx4090) or its compute capability (8.9).${near.length === 0 ? "" : ` Did you mean ${near.join(", ")}?`}`,
    exitStatus: 2,
  });
}

function find(project: Project, name: Framework["name"]): Found<Framework> | undefined {
  return project.frameworks.find((one) => one.value.name === name);
}

/** Whether a framework wants CUDA unless somebody says otherwise. */
function isCudaUser({ name, build }: Framework): boolean {
  if (build === "cpu") return false;
  // These come without CUDA where nothing asks for it.
  return build === "cuda" || (name !== "onnxruntime" && name !== "jax" && name !== "tensorflow");
}

function evidenceOf(found: Found<unknown>): string {
  const [first] = found.because;
  if (first === undefined) return "the project says so";
  return `${first.file}${first.line === undefined ? "" : `:${first.line}`} ${first.says}`;
}

/** Where nothing asks for another: it runs on every driver since 525, and NVIDIA has images for each living Ubuntu. */
const usualCuda = "12.8";

interface TorchDecision {
  readonly cuda: string;
  readonly torch: string | undefined;
  readonly why: { readonly cuda: string; readonly torch: string };
}

function chooseTorch(
  project: Project,
  torch: Found<Framework>,
  machine: Machine,
  earlier: Answers | undefined,
): TorchDecision {
  const pinned = torch.value.version;
  if (pinned !== undefined && findTorch(pinned) === undefined) {
    const cuda = machine.cuda ?? torch.value.cuda ?? toolkitsThatRun(machine)[0]?.cuda;
    if (cuda === undefined) throw impossible(...tooOld(machine));
    const why = `the catalogue does not know torch ${pinned}: not checked`;
    return { cuda, torch: pinned, why: { cuda: why, torch: evidenceOf(torch) } };
  }
  const locked = project.lockFile !== undefined && pinned !== undefined;
  const ownCuda = torch.value.cuda;
  const wanted = machine.cuda ?? ownCuda;
  const found = builds(project, machine, pinned).filter(
    (one) =>
      (wanted === undefined || one.cuda === wanted) &&
      (ownCuda === undefined || one.cuda === ownCuda) &&
      (!locked || ownCuda !== undefined || one.isPypi),
  );
  const kept = found.find((one) => one.torch === earlier?.torch && one.cuda === earlier.cuda);
  const newest = found.filter((one) => one.torch === found[0]?.torch);
  const chosen = kept ?? newest.find((one) => one.isPypi) ?? newest[0];
  if (chosen === undefined) throw noTorch(project, torch, machine, locked);
  return {
    cuda: chosen.cuda,
    torch: chosen.torch,
    why: { cuda: cudaWhy(chosen, machine, torch, kept !== undefined), torch: torchWhy(torch, chosen.torch) },
  };
}

/** Builds that fit the machine and what the project asks for, newest first. */
function builds(project: Project, machine: Partial<Machine>, pinned: string | undefined): TorchChoice[] {
  const all = torchFor({
    capabilities: (machine.gpus ?? []).map((one) => one.capability),
    driver: machine.driver,
    python: machine.python,
    torch: pinned,
  });
  return pinned === undefined ? all.filter((one) => isAllowed(project, one.torch)) : all;
}

function isAllowed(project: Project, torch: string): boolean {
  return project.requirements
    .filter((one) => one.name === "torch" && one.version !== "")
    .every((one) => {
      try {
        return satisfies(torch, one.version);
      } catch {
        // Poetry's and conda's own spellings: the lock file or the solver decides.
        return true;
      }
    });
}

function cudaWhy(chosen: TorchChoice, machine: Machine, torch: Found<Framework>, kept: boolean): string {
  if (machine.cuda !== undefined) return "asked for";
  if (torch.value.cuda !== undefined) return evidenceOf(torch);
  const needs = `driver ${findToolkit(chosen.cuda)?.minimumDriver ?? "?"} or newer`;
  const on = [
    ...(machine.gpus.length === 0 ? [] : [`runs on ${machine.gpus.map((one) => one.name).join(", ")}`]),
    machine.driver === undefined ? `needs ${needs}` : `runs on driver ${machine.driver}`,
  ]
    .join(" and ")
    .replace(" and runs on ", " and on ");
  const which = kept ? "chosen earlier" : chosen.isPypi ? "of the wheel on PyPI" : "the newest that fits";
  return `${which}; ${on}`;
}

function torchWhy(torch: Found<Framework> | undefined, version: string | undefined): string {
  if (torch === undefined) return "not asked for";
  if (torch.value.version !== undefined || version === undefined) return evidenceOf(torch);
  return `the newest that fits; ${evidenceOf(torch)}`;
}

/** Says which of the wishes excludes the others, and what goes when one of them is let go. */
function noTorch(project: Project, torch: Found<Framework>, machine: Machine, locked: boolean): DdiffError {
  const pinned = torch.value.version;
  const wantedCuda = machine.cuda ?? torch.value.cuda;
  const why = reasonAgainst(pinned, wantedCuda, machine);
  const sameTorch = builds(project, machine, pinned).sort(
    (a, b) => distance(a.cuda, wantedCuda) - distance(b.cuda, wantedCuda),
  )[0];
  if (sameTorch !== undefined) {
    const how =
      locked || torch.value.cuda !== undefined
        ? `name the index ${sameTorch.index} in ${project.manifest ?? "the manifest"}${locked ? " and lock again" : ""}`
        : `--cuda ${sameTorch.cuda}`;
    const lock = locked && wantedCuda === undefined ? `: ${project.lockFile} has the wheels of PyPI` : "";
    return impossible(why + lock, `The nearest that goes is ${withTorch(sameTorch)}: ${how}.`);
  }
  const otherTorch = torchFor({ ...torchWishes(machine) })
    .filter((one) => machine.cuda === undefined || one.cuda === machine.cuda)
    .sort((a, b) => distance(a.torch, pinned) - distance(b.torch, pinned))[0];
  if (otherTorch !== undefined) return impossible(why, `The nearest that goes is ${withTorch(otherTorch)}.`);
  const without = (left: Partial<Machine>): TorchChoice[] => builds(project, { ...machine, ...left }, pinned);
  // The one that the oldest driver runs: of equal ones the newest.
  const [noDriver] = without({ driver: undefined }).sort((a, b) =>
    compareVersions(driverFor(a), driverFor(b)),
  );
  if (noDriver !== undefined) {
    return impossible(
      why,
      `The nearest that goes is ${withTorch(noDriver)}, on driver ${driverFor(noDriver)} or newer.`,
    );
  }
  const [noGpu] = without({ gpus: [] });
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
    if (pinned !== undefined && cudas.every((one) => torchHasKernels(pinned, one, gpu.capability) !== true))
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

function torchWishes({ gpus, driver, python }: Machine): {
  capabilities: string[];
  driver: string | undefined;
  python: string;
} {
  return { capabilities: gpus.map((one) => one.capability), driver, python };
}

function distance(version: string, from: string | undefined): number {
  if (from === undefined) return 0;
  return Math.abs(minors(version) - minors(from));
}

/** torch of a project without CUDA: the one that is pinned, or the newest for this Python. Throws `IMPOSSIBLE`. */
function torchForCpu(
  torch: Found<Framework> | undefined,
  python: string,
  project: Project,
  earlier: Answers | undefined,
): string | undefined {
  if (torch === undefined) return undefined;
  const pinned = torch.value.version;
  if (pinned === undefined) {
    const all = builds(project, { python }, undefined);
    return (all.find((one) => one.torch === earlier?.torch) ?? all[0])?.torch;
  }
  if (torchHasPython(pinned, python) === false) {
    const [oldest, newest] = findTorch(pinned)?.python ?? [];
    throw impossible(
      `torch ${pinned} has no wheels for Python ${python}`,
      `It has them for ${oldest} to ${newest}: take --python ${compareVersions(python, newest ?? "") > 0 ? newest : oldest}.`,
    );
  }
  return pinned;
}

/** CUDA for frameworks that are not torch, and for projects that only were told to use a GPU. */
function chooseToolkit(user: Found<Framework> | undefined, machine: Machine): { cuda: string; why: string } {
  const known = user === undefined ? undefined : cudaOf(user.value);
  const wanted = machine.cuda ?? user?.value.cuda ?? known;
  const runs = toolkitsThatRun(machine);
  const fits = runs.filter(
    (one) => wanted === undefined || one.cuda === wanted || String(majorOf(one.cuda)) === wanted,
  );
  const chosen = fits.find((one) => one.cuda === usualCuda) ?? fits[0];
  if (chosen !== undefined) {
    const because =
      machine.cuda !== undefined
        ? "asked for"
        : user === undefined || wanted === undefined
          ? "there is an image for it on each Ubuntu"
          : `${user.value.name} ${user.value.version ?? ""} is built with it`.replace("  ", " ");
    return { cuda: chosen.cuda, why: `${because}; needs driver ${chosen.minimumDriver} or newer` };
  }
  const row = wanted === undefined ? undefined : findToolkit(wanted);
  const gpu = machine.gpus.find(
    (one) => row !== undefined && toolkitBuildsFor(row.cuda, one.capability) === false,
  );
  if (row !== undefined && gpu !== undefined) {
    throw impossible(
      `CUDA ${row.cuda} has no code for ${gpu.name} (compute capability ${gpu.capability})`,
      runs[0] === undefined ? "Choose another GPU." : `The nearest that goes is CUDA ${runs[0].cuda}.`,
    );
  }
  if (wanted !== undefined && row === undefined && runs.length > 0)
    throw impossible(`the catalogue has no CUDA ${wanted}`, `The newest that goes is CUDA ${runs[0]?.cuda}.`);
  throw impossible(...tooOld(machine, wanted));
}

function tooOld(machine: Machine, cuda = "any"): [string, string] {
  const driver = machine.driver ?? "this machine";
  const needs = findToolkit(cuda)?.minimumDriver ?? toolkits.at(-1)?.minimumDriver ?? "";
  const runs = toolkitsThatRun({ ...machine, cuda: undefined })[0]?.cuda;
  return [
    `CUDA ${cuda} does not run on driver ${driver} with what was asked for`,
    runs === undefined
      ? `Install driver ${needs} or newer.`
      : `The nearest that goes is CUDA ${runs}; CUDA ${cuda} needs driver ${needs}.`,
  ];
}

function toolkitsThatRun({ driver, gpus }: Machine): (typeof toolkits)[number][] {
  return toolkits.filter(
    (one) =>
      livingCudaTags(one.cuda, "runtime", false).length > 0 &&
      (driver === undefined || driverRunsWheel(driver, one.cuda).runs === true) &&
      gpus.every((gpu) => toolkitBuildsFor(one.cuda, gpu.capability) !== false),
  );
}

/** The CUDA that a framework's wheels were built with: `12.5`, or only `12`. */
function cudaOf({ name, version }: Framework): string | undefined {
  if (name !== "tensorflow" && name !== "jax" && name !== "onnxruntime-gpu") return undefined;
  const row = version === undefined ? frameworks[name][0] : findFramework(name, minorOf(version));
  return row?.cuda;
}

function withTorch({ torch, cuda }: TorchChoice): string {
  return `torch ${torch} with CUDA ${cuda}`;
}

function minors(version: string): number {
  return majorOf(version) * 100 + Number(version.split(".")[1] ?? 0);
}

/** The oldest driver that runs a build. */
function driverFor({ cuda }: TorchChoice): string {
  return findToolkit(cuda)?.minimumDriver ?? "999";
}
