import { driverRuns, driverRunsWheel } from "../catalog/cuda.ts";
import { livingCudaTags } from "../catalog/cuda-images.ts";
import { findGpu, type Gpu, nearGpuNames } from "../catalog/gpus.ts";
import { torchDefaults, torchFor, torchHasKernels, torchHasPython } from "../catalog/torch.ts";
import { minorOf } from "../catalog/versions.ts";
import { DdiffError } from "../util/errors.ts";
import type { Answers } from "./answers.ts";
import type { Framework, Manager } from "./project.ts";

/** Images that only lend a tool to the build. */
export const toolImages = {
  uv: "ghcr.io/astral-sh/uv:0.13.9",
  pixi: "ghcr.io/prefix-dev/pixi:0.76.2",
  micromamba: "mambaorg/micromamba:2.3.0-debian12-slim",
} as const;

/** What bases are chosen for. */
export interface BaseWishes {
  readonly manager: Manager;
  /** `3.12` */
  readonly python: string;
  /** As typed; empty for CPU only or for whatever GPU. */
  readonly gpus: readonly string[];
  /** `550` */
  readonly driver: string | undefined;
  /** `12.8`; undefined to have one chosen. */
  readonly cuda: string | undefined;
  /** `2.9.1`; undefined where it is not pinned or there is none. */
  readonly torch: string | undefined;
  readonly frameworks: readonly Framework[];
  readonly systemNeeds: readonly string[];
  /** Whether a stage for GPUs is wanted at all. */
  readonly gpu: boolean;
}

/** What was chosen. */
export interface ChosenBases {
  readonly bases: Answers["bases"];
  /** CUDA of the GPU variants; undefined for CPU only. */
  readonly cuda: string | undefined;
  /** Sentences without a full stop that say why. */
  readonly because: readonly string[];
}

/**
 * Pinned bases from the catalogue. A GPU image is the CPU image with NVIDIA's variables where the wheels bring CUDA, and NVIDIA's
 * only where they do not, so that CUDA is never there twice. Throws `GPU_UNKNOWN`, and `BASE_IMPOSSIBLE` with the nearest possible
 * choice where GPU, driver, CUDA, torch and Python do not go together.
 */
export function chooseBases(wishes: BaseWishes): ChosenBases {
  const compiles =
    wishes.gpu && wishes.systemNeeds.some((need) => need === "cuda-compiler" || need === "nvcc");
  const cpu = cpuBase(wishes, compiles);
  if (!wishes.gpu) {
    return { bases: { cpu, gpu: undefined, compiler: undefined }, cuda: undefined, because: [] };
  }
  const gpus = wishes.gpus.map(readGpu);
  const { cuda, reason } = chooseCuda(wishes, gpus);
  const because = [reason];
  const system = systemCuda(wishes);
  let gpu = cpu;
  if (system === undefined) because.push("the packages bring CUDA themselves, so the base has none");
  else {
    gpu = nvidiaImage(cuda, "runtime", true, wishes.python);
    because.push(`${system} needs CUDA and cuDNN of the system`);
    checkImage(wishes, cuda, gpus);
  }
  const compiler = compiles ? nvidiaImage(cuda, "devel", false, wishes.python) : undefined;
  if (compiler !== undefined) {
    because.push("nvcc for the CUDA extensions comes from the devel image and stays in the build stage");
  }
  return { bases: { cpu, gpu, compiler }, cuda, because };
}

/** The plain base; where CUDA code is compiled, Debian 12, as nvcc up to 12.8 does not take glibc 2.41 and gcc 14 of Debian 13. */
function cpuBase({ manager, python }: BaseWishes, compiles: boolean): string {
  const codename = compiles ? "bookworm" : "trixie";
  if (manager === "r") return "rocker/r-ver:4.5.1";
  if (manager === "pixi" || manager === "conda") return `debian:${codename}-slim`;
  // Python 3.8 and older were never built on Debian 13.
  const old = /^(?:2\.|3\.[0-8]$)/.test(python);
  return `python:${python}-slim-${old ? "bookworm" : codename}`;
}

function readGpu(name: string): Gpu {
  const gpu = findGpu(name);
  if (gpu !== undefined) return gpu;
  const near = nearGpuNames(name).join(", ");
  throw new DdiffError("GPU_UNKNOWN", `the catalogue has no GPU ${name}`, {
    hint: near === "" ? "see `ddiff catalog gpu`" : `did you mean ${near}?`,
  });
}

function chooseCuda(wishes: BaseWishes, gpus: readonly Gpu[]): { cuda: string; reason: string } {
  const { driver, python } = wishes;
  const found = wishes.frameworks.find(({ name }) => name === "torch");
  const torch = wishes.torch ?? found?.version;
  const asked = wishes.cuda ?? found?.cuda;
  if (asked !== undefined && driver !== undefined) {
    const answer = driverRunsWheel(driver, asked);
    if (answer.runs === false) impossible(answer.reason, nearest(wishes, gpus));
  }
  if (found === undefined && torch === undefined) {
    const cuda = asked ?? defaultCuda(driver);
    return {
      cuda,
      reason: asked === undefined ? `CUDA ${cuda} is the newest that fits` : `CUDA ${cuda} was asked for`,
    };
  }
  if (torch !== undefined && torchHasPython(torch, python) === false) {
    impossible(`there are no wheels of torch ${torch} for Python ${python}`, nearest(wishes, gpus));
  }
  if (asked !== undefined) {
    const bad = torch && gpus.find((gpu) => torchHasKernels(torch, asked, gpu.capability) === false);
    if (bad) {
      const reason = `torch ${torch} for CUDA ${asked} has no code for ${bad.name} (${bad.capability})`;
      impossible(reason, nearest(wishes, gpus));
    }
    return { cuda: minorOf(asked), reason: `CUDA ${minorOf(asked)} is what the project or you asked for` };
  }
  const capabilities = gpus.map((gpu) => gpu.capability);
  const choices = torchFor({ capabilities, driver, python, ...(torch === undefined ? {} : { torch }) });
  // PyPI's own wheel needs no index: it is taken where it fits.
  const choice = choices.find((one) => one.isPypi && one.torch === choices[0]?.torch) ?? choices[0];
  if (choice === undefined) {
    const known = torch === undefined ? undefined : torchDefaults(torch);
    if (torch !== undefined && known === undefined) {
      return {
        cuda: defaultCuda(driver),
        reason: `torch ${torch} is not in the catalogue, so CUDA is a guess`,
      };
    }
    const what = [torch && `torch ${torch}`, driver && `driver ${driver}`, ...gpus.map((gpu) => gpu.name)];
    impossible(`no build of torch fits ${what.filter(Boolean).join(", ")}`, nearest(wishes, gpus));
  }
  return { cuda: choice.cuda, reason: `torch ${choice.torch} has wheels for CUDA ${choice.cuda} that fit` };
}

/** CUDA 12.8 has images for each living Ubuntu and runs on every driver since 525; an older driver gets 11.8. */
function defaultCuda(driver: string | undefined): string {
  return driver !== undefined && driverRunsWheel(driver, "12.8").runs === false ? "11.8" : "12.8";
}

/** What would fit, as half a sentence. */
function nearest(wishes: BaseWishes, gpus: readonly Gpu[]): string | undefined {
  const capabilities = gpus.map((gpu) => gpu.capability);
  const { driver, python } = wishes;
  const torch = wishes.torch ?? wishes.frameworks.find(({ name }) => name === "torch")?.version;
  const choice =
    (torch === undefined ? undefined : torchFor({ torch, capabilities, driver, python })[0]) ??
    torchFor({ capabilities, driver, python })[0] ??
    torchFor({ capabilities, driver })[0] ??
    torchFor({ capabilities })[0];
  if (choice === undefined) return undefined;
  const defaults = torchDefaults(choice.torch);
  const pythons = defaults === undefined ? "" : ` with Python ${defaults.python.join(" to ")}`;
  return `torch ${choice.torch} for CUDA ${choice.cuda}${pythons} is the nearest that fits`;
}

function impossible(reason: string, hint: string | undefined): never {
  throw new DdiffError("BASE_IMPOSSIBLE", reason, hint === undefined ? {} : { hint });
}

/** The framework that does not bring CUDA itself, and that nothing else brings it for. */
function systemCuda({ frameworks, manager }: BaseWishes): string | undefined {
  // conda and pixi have CUDA as packages.
  if (manager === "conda" || manager === "pixi") return undefined;
  const names = new Set(frameworks.map(({ name }) => name));
  if (names.has("torch") || names.has("vllm")) return undefined;
  return (["onnxruntime-gpu", "cupy"] as const).find((name) => names.has(name));
}

/** Newest living tag, on the Ubuntu whose glibc is no newer than the base that runs what it compiles. */
function nvidiaImage(cuda: string, flavour: "runtime" | "devel", cudnn: boolean, python: string): string {
  const tags = livingCudaTags(minorOf(cuda), flavour, cudnn);
  // Python 3.10 is Ubuntu 22.04's own; nvcc works on both.
  const order = flavour === "devel" || python === "3.10" ? ["22.04", "24.04"] : ["24.04", "22.04"];
  const tag = [...order, "20.04"].flatMap((os) => tags.filter((one) => one.endsWith(`ubuntu${os}`)))[0];
  if (tag !== undefined) return `nvidia/cuda:${tag}`;
  const others = ["13.0", "12.9", "12.8", "12.6", "12.4", "11.8"].filter(
    (other) => livingCudaTags(other, flavour, cudnn).length > 0,
  );
  return impossible(
    `NVIDIA keeps no ${flavour} image of CUDA ${cuda}${cudnn ? " with cuDNN" : ""} for Ubuntu`,
    `there are images of CUDA ${others.join(", ")}`,
  );
}

/** NVIDIA's images refuse drivers that the wheels take. */
function checkImage({ driver }: BaseWishes, cuda: string, gpus: readonly Gpu[]): void {
  if (driver === undefined) return;
  const answer = driverRuns(
    driver,
    cuda,
    gpus.some((gpu) => gpu.geforce),
  );
  if (answer.runs !== false) return;
  const other = ["12.8", "12.6", "12.4", "12.2", "11.8"].find(
    (one) => driverRuns(driver, one, true).runs === true && livingCudaTags(one, "runtime", true).length > 0,
  );
  impossible(answer.reason, other === undefined ? undefined : `CUDA ${other} fits driver ${driver}`);
}
