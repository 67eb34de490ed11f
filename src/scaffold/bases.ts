import { findToolkit, toolkits } from "../catalog/cuda.ts";
import { livingCudaTags } from "../catalog/cuda-images.ts";
import type { Gpu } from "../catalog/gpus.ts";
import type { Answers } from "./answers.ts";
import { imageStarts } from "./cuda/machine.ts";
import { systemCudaFor } from "./cuda/system-cuda.ts";
import { impossible } from "./impossible.ts";
import type { Framework, Manager } from "./project.ts";

/** Images that only lend a tool to the build. */
export const toolImages = {
  uv: "ghcr.io/astral-sh/uv:0.13.9",
  pixi: "ghcr.io/prefix-dev/pixi:0.76.2",
  micromamba: "mambaorg/micromamba:2.3.0-debian12-slim",
} as const;

/** What bases are chosen for: what is decided already. */
export interface BaseWishes {
  readonly manager: Manager;
  /** `3.12` */
  readonly python: string;
  readonly gpus: readonly Gpu[];
  /** `550` */
  readonly driver: string | undefined;
  /** `12.8`; undefined for CPU only. */
  readonly cuda: string | undefined;
  readonly frameworks: readonly Framework[];
  readonly systemNeeds: readonly string[];
}

/**
 * Pinned bases from the catalogue. A GPU image is the CPU image with NVIDIA's variables where the wheels bring CUDA, and NVIDIA's
 * only where they do not, so that CUDA is never there twice. Throws `IMPOSSIBLE` where NVIDIA has no such image, or where it does not start
 * on the driver.
 */
export function chooseBases(wishes: BaseWishes): Answers["bases"] {
  const { cuda, python } = wishes;
  const compiles = cuda !== undefined && wishes.systemNeeds.includes("cuda-compiler");
  const cpu = cpuBase(wishes, compiles);
  if (cuda === undefined) return { cpu, gpu: undefined, compiler: undefined };
  const compiler = compiles ? nvidiaImage(cuda, "devel", false, python) : undefined;
  if (systemCudaFor(wishes.frameworks, wishes.manager) === undefined) return { cpu, gpu: cpu, compiler };
  const gpu = nvidiaImage(cuda, "runtime", true, python);
  checkStarts(gpu, cuda, wishes);
  return { cpu, gpu, compiler };
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

/** Newest living tag, on the Ubuntu whose glibc is no newer than the base that runs what it compiles. */
function nvidiaImage(cuda: string, flavour: "runtime" | "devel", cudnn: boolean, python: string): string {
  const tags = livingCudaTags(cuda, flavour, cudnn);
  // Python 3.10 is Ubuntu 22.04's own; nvcc works on both.
  const order = flavour === "devel" || python === "3.10" ? ["22.04", "24.04"] : ["24.04", "22.04"];
  const [tag] = [...order, "20.04"].flatMap((os) => tags.filter((one) => one.endsWith(`ubuntu${os}`)));
  if (tag !== undefined) return `nvidia/cuda:${tag}`;
  const others = toolkits.filter((one) => livingCudaTags(one.cuda, flavour, cudnn).length > 0);
  throw impossible(
    `NVIDIA keeps no ${flavour} image of CUDA ${cuda}${cudnn ? " with cuDNN" : ""} for Ubuntu`,
    `There are images of CUDA ${others.map((one) => one.cuda).join(", ")}: name one with --cuda.`,
  );
}

/** The container toolkit refuses drivers to NVIDIA's images that wheels would run on. */
function checkStarts(image: string, cuda: string, wishes: BaseWishes): void {
  const { runs, reason } = imageStarts(wishes, cuda);
  if (runs !== false) return;
  const nearest = toolkits.find(
    (one) =>
      livingCudaTags(one.cuda, "runtime", true).length > 0 && imageStarts(wishes, one.cuda).runs === true,
  );
  const driver = `driver ${findToolkit(cuda)?.bundledDriver ?? cuda} or newer`;
  throw impossible(
    `${image} does not start on driver ${wishes.driver ?? ""}: ${reason}`,
    nearest === undefined
      ? `Install ${driver}.`
      : `The newest that starts there is --cuda ${nearest.cuda}; or install ${driver}.`,
  );
}
