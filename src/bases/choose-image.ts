import { findToolkit, toolkitBuildsFor, toolkits } from "../catalog/cuda.ts";
import { type CudaFlavour, cudaTagStatus, livingCudaTags, livingTag } from "../catalog/cuda-images.ts";
import { pythonsOf } from "../catalog/os-packages.ts";
import { findOs, type OsRelease, osReleases } from "../catalog/os-releases.ts";
import { compareVersions, minorOf } from "../catalog/versions.ts";
import type { Definition } from "./definition.ts";
import type { Refuse } from "./problem.ts";

/** What all of a base stands on. */
export interface SystemImage {
  /** `nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04` */
  readonly image: string;
  readonly release: OsRelease;
  /** The Python that the release has itself, where the catalogue knows it: `3.10`. */
  readonly ownPython: string | undefined;
}

/** The image for a definition's system and CUDA. Says in `notes` what is not known. */
export function chooseImage(definition: Definition, refuse: Refuse, notes: string[]): SystemImage {
  const release = chooseRelease(definition, refuse);
  const image =
    definition.cuda === "cpu" ? plainImage(release) : cudaImage(definition, release, refuse, notes);
  checkCapabilities(definition, refuse);
  return { image, release, ownPython: pythonsOf(release)[0] };
}

function chooseRelease({ os }: Definition, refuse: Refuse): OsRelease {
  const release = findOs(os);
  if (release !== undefined && (release.family === "ubuntu" || release.family === "debian")) return release;
  const family = /^[a-z]+/.exec(os)?.[0];
  const near = osReleases.find(
    (one) => one.family === (family === "debian" ? "debian" : "ubuntu") && pythonsOf(one).length > 0,
  );
  return refuse({
    path: ["os"],
    why: release === undefined ? `the catalogue has no ${os}` : `${os} has no apt, which a base is made with`,
    nearest: `The nearest that goes is ${near?.id.replace(":", "") ?? "ubuntu22.04"}.`,
  });
}

function plainImage({ family, version, codename }: OsRelease): string {
  return family === "debian" ? `debian:${codename ?? version}-slim` : `ubuntu:${version}`;
}

function cudaImage(definition: Definition, release: OsRelease, refuse: Refuse, notes: string[]): string {
  const { cuda, image } = definition;
  const os = release.id.replace(":", "");
  const tag = `${cuda}-${image}-${os}`;
  const found = cudaTagStatus(tag);
  if (found?.status === "supported") return `nvidia/cuda:${tag}`;
  const living = livingTag(tag);
  if (found?.status === "newer-than-catalogue") {
    notes.push(`nvidia/cuda:${tag} was not checked: ${found.reason}.`);
    return `nvidia/cuda:${tag}`;
  }
  if (found?.status === "unknown-spelling" && living?.startsWith(`${cuda}-`) === true)
    return `nvidia/cuda:${living}`;
  const path = [release.family === "debian" ? "os" : "cuda"];
  const why =
    release.family === "debian"
      ? "NVIDIA has no images of CUDA for Debian"
      : `there is no nvidia/cuda:${tag} to build on: ${found?.reason ?? "NVIDIA has no such tag"}`;
  return refuse({ path, why, nearest: nearestImage(definition, os, living) });
}

/** The same for another point release, another system, or another CUDA; in this order. */
function nearestImage({ cuda, image }: Definition, os: string, living: string | undefined): string {
  if (living !== undefined) return `The nearest that goes is cuda: ${living.split("-")[0]}.`;
  const flavour = (image.split("-").at(-1) ?? "devel") as CudaFlavour;
  const withCudnn = image.startsWith("cudnn");
  const ubuntu = (minor: string): string[] =>
    livingCudaTags(minor, flavour, withCudnn).filter((one) => one.includes("-ubuntu"));
  const here = ubuntu(minorOf(cuda)).sort();
  const [other] = here.slice(-1);
  if (other !== undefined)
    return `The nearest that goes is os: ${other.split("-").at(-1)}, with cuda: ${other.split("-")[0]}.`;
  const among = toolkits
    .flatMap((one) => ubuntu(one.cuda))
    .filter((one) => !os.startsWith("ubuntu") || one.endsWith(`-${os}`))
    .sort((one, two) => distance(one, cuda) - distance(two, cuda));
  return among[0] === undefined
    ? "Choose another OS."
    : `The nearest that goes is cuda: ${among[0].split("-")[0]} on ${among[0].split("-").at(-1)}.`;
}

function distance(tag: string, cuda: string): number {
  const [major = 0, minor = 0] = (tag.split("-")[0] ?? "").split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = cuda.split(".").map(Number);
  return Math.abs(major - wantedMajor) * 100 + Math.abs(minor - wantedMinor);
}

function checkCapabilities({ cuda, capabilities, profiler }: Definition, refuse: Refuse): void {
  if (cuda === "cpu") {
    if (capabilities.length > 0)
      refuse({
        path: ["capabilities"],
        why: "a base for CPUs compiles for no GPU",
        nearest: "Leave capabilities out, or name a cuda.",
      });
    if (profiler !== undefined)
      refuse({
        path: ["profiler"],
        why: `${profiler} comes from NVIDIA's repository, which only the images of CUDA know`,
        nearest: "Leave profiler out, or name a cuda.",
      });
    return;
  }
  for (const [at, one] of capabilities.entries()) {
    if (toolkitBuildsFor(cuda, bareCapability(one)) !== false) continue;
    const [lowest = "", highest = ""] = findToolkit(cuda)?.capabilities ?? [];
    refuse({
      path: ["capabilities", String(at)],
      why: `the compiler of CUDA ${minorOf(cuda)} does not build for compute capability ${one}, only for ${lowest} to ${highest}`,
      nearest: `The nearest that goes is ${compareVersions(bareCapability(one), lowest) < 0 ? lowest : highest}.`,
    });
  }
}

/** `9.0+PTX` and `9.0a` are 9.0. */
export function bareCapability(capability: string): string {
  return /^\d+\.\d/.exec(capability)?.[0] ?? capability;
}
