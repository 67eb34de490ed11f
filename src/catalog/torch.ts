import { cudaOfIndex, driverRunsWheel, toolkitBuildsFor } from "./cuda.ts";
import { lastTorchaudio, torchKernels, type TorchRelease, torchReleases } from "./torch-releases.ts";
import { compareVersions, majorOf, minorOf } from "./versions.ts";

/** The release of `2.5`, `2.5.1` or `2.5.1+cu124`; undefined for one that the catalogue does not have (NGC's `2.6.0a0`, nightlies). */
export function findTorch(version: string): TorchRelease | undefined {
  const plain = /^\d+\.\d+(?:\.\d+)?(?=$|\+)/.exec(version)?.[0];
  return plain === undefined ? undefined : torchReleases.find((one) => one.torch === minorOf(plain));
}

/**
 * The newest release that a requirement (`>=2.0,<2.5`, `~=2.4`, `==2.5.*`, "") and, where it is known, Python (`3.9`) allow; undefined where none does.
 * A bound that is not understood is passed over.
 */
export function newestTorch(requirement: string, python?: string): string | undefined {
  const bounds = requirement.split(",").map((one) => /^\s*([<>=!~]=?=?)\s*([\d.]+?)(?:\.?\*)?\s*$/.exec(one));
  for (const release of torchReleases) {
    const [oldest, newest] = release.python;
    const served =
      python === undefined || (compareVersions(python, oldest) >= 0 && compareVersions(python, newest) <= 0);
    if (!served) continue;
    const point = release.points.findLast((version) =>
      bounds.every((bound) => bound === null || isAllowed(version, bound[1] ?? "", bound[2] ?? "")),
    );
    if (point !== undefined) return point;
  }
  return undefined;
}

function isAllowed(version: string, operator: string, bound: string): boolean {
  const order = compareVersions(version, bound);
  const begins = `${version}.`.startsWith(`${bound}.`);
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "!=":
      return order !== 0 && !begins;
    case "~=":
      return order >= 0 && `${version}.`.startsWith(`${bound.split(".").slice(0, -1).join(".")}.`);
    default:
      return order === 0 || begins;
  }
}

/** What `pip install torch==VERSION` from PyPI brings on Linux x86_64. */
export interface TorchDefaults {
  /** CUDA of the wheel: `12.4`. */
  readonly cuda: string;
  readonly cudnn: string;
  readonly torchvision: string;
  /** Undefined where torchaudio does not follow torch any more (2.12 and newer). */
  readonly torchaudio: string | undefined;
  readonly python: readonly [string, string];
  /** Bytes of the torch wheel; undefined where not measured. */
  readonly wheelBytes: number | undefined;
}

/** What comes with this version by default; undefined for an unknown version. A minor (`2.5`) stands for its newest point release. */
export function torchDefaults(version: string): TorchDefaults | undefined {
  const found = findTorch(version);
  if (found === undefined) return undefined;
  return {
    cuda: found.pypiCuda,
    cudnn: found.cudnn,
    torchvision: torchvisionOf(found, version),
    torchaudio: torchaudioOf(found, version),
    python: found.python,
    wheelBytes: found.wheelBytes,
  };
}

/**
 * Whether wheels of this torch and CUDA (`12.4`, `cu124`) have code that a GPU of this compute capability runs: the same
 * major number and not newer, or PTX that is not newer. Undefined where the list of that build is not known.
 */
export function torchHasKernels(
  version: string,
  cuda: string,
  capability: string,
  arch: "x86_64" | "aarch64" = "x86_64",
): boolean | undefined {
  const found = findTorch(version);
  if (found === undefined) return undefined;
  const built = kernelsOf(found, cudaOfIndex(cuda) ?? minorOf(cuda), arch);
  if (built === undefined) return undefined;
  if (built.capabilities.some((one) => runsOn(one, capability))) return true;
  const newest = built.capabilities.at(-1) ?? "99";
  return built.ptx && compareVersions(capability, newest) >= 0;
}

/** The capabilities compiled into these wheels; undefined where not known. For messages. */
export function torchCapabilities(
  version: string,
  cuda: string,
  arch: "x86_64" | "aarch64" = "x86_64",
): readonly string[] | undefined {
  const found = findTorch(version);
  return found && kernelsOf(found, cudaOfIndex(cuda) ?? minorOf(cuda), arch)?.capabilities;
}

/** Whether there are wheels of this torch for this Python (`3.12`). */
export function torchHasPython(version: string, python: string): boolean | undefined {
  const found = findTorch(version);
  if (found === undefined) return undefined;
  const [oldest, newest] = found.python;
  const minor = minorOf(python);
  return compareVersions(minor, oldest) >= 0 && compareVersions(minor, newest) <= 0;
}

/** What a machine has. Whatever is left out does not narrow the choice. */
interface TorchWishes {
  /** Compute capabilities of all GPUs that must work. */
  readonly capabilities?: readonly string[];
  /** `550`, `550.54.15` */
  readonly driver?: string | undefined;
  /** `3.12` */
  readonly python?: string | undefined;
  /** Only this version: `2.5.1`. */
  readonly torch?: string | undefined;
}

/** A build of torch that fits, with what goes along. */
export interface TorchChoice {
  readonly torch: string;
  readonly torchvision: string;
  /** `12.6` */
  readonly cuda: string;
  /** `https://download.pytorch.org/whl/cu126` */
  readonly index: string;
  /** Whether PyPI's own wheel is this build, so that no index needs naming. */
  readonly isPypi: boolean;
}

/**
 * The builds that fit, newest torch first and newest CUDA first in each; only those whose kernels are known, unless the version is named: of
 * that one the catalogue may not know what it has code for.
 */
export function torchFor(wishes: TorchWishes): TorchChoice[] {
  const releases = wishes.torch === undefined ? torchReleases : [findTorch(wishes.torch)];
  return releases
    .filter((one) => one !== undefined)
    .filter((one) => wishes.python === undefined || torchHasPython(one.torch, wishes.python))
    .flatMap((one) =>
      [...one.cuda]
        .reverse()
        .filter((cuda) => fits(one, cuda, wishes))
        .map((cuda) => {
          const torch = wishes.torch?.split("+")[0] ?? one.points.at(-1) ?? one.torch;
          const isPypi = cuda === one.pypiCuda;
          return { torch, torchvision: torchvisionOf(one, torch), cuda, index: torchIndex(cuda), isPypi };
        }),
    );
}

/** The package index of a CUDA (`12.4`) or of `cpu`. */
export function torchIndex(cuda: string): string {
  const name = /^\d/.test(cuda) ? `cu${minorOf(cuda).replace(".", "")}` : cuda;
  return `https://download.pytorch.org/whl/${name}`;
}

function fits(release: TorchRelease, cuda: string, wishes: TorchWishes): boolean {
  const { capabilities = [], driver } = wishes;
  if (driver !== undefined && driverRunsWheel(driver, cuda).runs !== true) return false;
  return capabilities.every((one) => {
    const runs = torchHasKernels(release.torch, cuda, one);
    return runs ?? (wishes.torch !== undefined && toolkitBuildsFor(cuda, one) !== false);
  });
}

function kernelsOf(
  release: TorchRelease,
  cuda: string,
  arch: "x86_64" | "aarch64",
): (typeof torchKernels)[number] | undefined {
  return torchKernels.find(
    (one) =>
      one.cuda === cuda &&
      one.arch === arch &&
      compareVersions(one.from, release.torch) <= 0 &&
      compareVersions(one.to, release.torch) >= 0,
  );
}

/** Machine code runs on the same major architecture with an equal or higher minor number. */
function runsOn(built: string, capability: string): boolean {
  return majorOf(built) === majorOf(capability) && compareVersions(built, capability) <= 0;
}

function torchvisionOf(release: TorchRelease, version: string): string {
  const point = pointOf(release, version);
  const [major, minor, first = "0"] = release.torchvision.split(".");
  return `${major}.${minor}.${Number(first) + point}`;
}

function torchaudioOf(release: TorchRelease, version: string): string | undefined {
  if (compareVersions(release.torch, minorOf(lastTorchaudio)) > 0) return undefined;
  const [major, minor] = release.torch.split(".");
  const point = pointOf(release, version);
  if (major === "1") return `0.${minor}.${point}`;
  // 2.0 alone counts one higher: torch 2.0.0 goes with torchaudio 2.0.1.
  return `${release.torch}.${minor === "0" ? point + 1 : point}`;
}

function pointOf(release: TorchRelease, version: string): number {
  const written = version.split("+")[0] ?? "";
  const point = written.split(".").length === 3 ? written : (release.points.at(-1) ?? written);
  return Number(point.split(".")[2] ?? 0);
}
