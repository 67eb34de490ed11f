import { describeBase } from "./base-images.ts";
import {
  cudaOfDriver,
  driverRuns,
  driverRunsWheel,
  findToolkit,
  forwardCompatibilityNote,
  toolkits,
} from "./cuda.ts";
import { requirements } from "./cuda-requirements.ts";
import { cudaTagOf, cudaTagStatus, livingCudaTags, livingTag } from "./cuda-images.ts";
import { findGpu, nearGpuNames } from "./gpus.ts";
import { cudaImageBytes, torchCudaBytes } from "./package-sizes.ts";
import { type TorchChoice, torchCapabilities, torchDefaults, torchFor, findTorch } from "./torch.ts";

/** A direct answer to a question about one thing: pairs of what and its value. Undefined values are left out. */
export interface CatalogAnswer {
  readonly found: boolean;
  readonly facts: readonly (readonly [string, string])[];
}

/** What the catalogue has to say of one GPU, CUDA, driver, image or torch; undefined for topics that are only tables. */
export function answer(topic: string, text: string): CatalogAnswer | undefined {
  if (text === "") return undefined;
  switch (topic) {
    case "gpu":
      return aboutGpu(text);
    case "driver":
      return aboutDriver(text);
    case "cuda":
      return aboutCuda(text);
    case "image":
      return aboutImage(text);
    case "torch":
      return aboutTorch(text);
    default:
      return undefined;
  }
}

function aboutGpu(text: string): CatalogAnswer | undefined {
  const gpu = findGpu(text);
  if (gpu === undefined) {
    const near = nearGpuNames(text);
    return near.length === 0 ? undefined : { found: false, facts: [["did you mean", near.join(", ")]] };
  }
  const { capability } = gpu;
  const builds = torchFor({ capabilities: [capability] });
  const built = toolkits.filter((one) => {
    const [lowest, highest] = one.capabilities.map(Number);
    return Number(capability) >= (lowest ?? 0) && Number(capability) <= (highest ?? 0);
  });
  return {
    found: true,
    facts: [
      ["GPU", gpu.name],
      ["compute capability", `${capability} (${gpu.family}, ${gpu.kind})`],
      ["CUDA that builds for it", built.length === 0 ? "none" : `${built.at(-1)?.cuda} to ${built[0]?.cuda}`],
      ["torch with kernels for it", spanOf(builds)],
      ["install", builds[0] === undefined ? "" : installLine(builds[0])],
      ["forward compatibility", gpu.geforce ? `no: ${forwardCompatibilityNote}` : ""],
    ],
  };
}

function aboutDriver(text: string): CatalogAnswer | undefined {
  const driver = /^\d{3}(?:\.\d+){0,2}$/.exec(text)?.[0];
  if (driver === undefined) return undefined;
  const runs = toolkits
    .filter((one) => driverRunsWheel(driver, one.cuda).runs === true)
    .map((one) => one.cuda);
  const images = (geforce: boolean) =>
    requirements
      .filter((one) => driverRuns(driver, one.cuda, geforce).runs === true)
      .map((one) => one.cuda)
      .join(" ");
  return {
    found: true,
    facts: [
      ["driver", driver],
      ["supports CUDA", cudaOfDriver(driver) ?? "none that is known"],
      ["runs wheels of CUDA", runs.join(" ")],
      ["starts nvidia/cuda images", images(false)],
      ["the same on GeForce", images(true)],
      ["note", forwardCompatibilityNote],
    ],
  };
}

function aboutCuda(text: string): CatalogAnswer | undefined {
  const found = findToolkit(text);
  if (found === undefined) return undefined;
  return {
    found: true,
    facts: [
      ["CUDA", found.cuda],
      ["driver needed", `${found.minimumDriver} or newer, by minor-version compatibility`],
      ["driver bundled", found.bundledDriver],
      ["compute capabilities", found.capabilities.join(" to ")],
      ["nvidia/cuda", livingCudaTags(found.cuda, "runtime", false).join(" ")],
      ["with cuDNN", livingCudaTags(found.cuda, "runtime", true).join(" ")],
    ],
  };
}

function aboutImage(text: string): CatalogAnswer | undefined {
  const tag = cudaTagOf(text);
  const base = describeBase(text);
  if (tag === undefined && base === undefined) return undefined;
  const status = tag === undefined ? undefined : cudaTagStatus(tag);
  const size = base?.cuda?.flavour;
  const weighs =
    tag !== undefined && (size === "base" || size === "runtime" || size === "devel")
      ? cudaImageBytes[size][tag.includes("cudnn") ? "cudnn" : "plain"]
      : undefined;
  return {
    found: true,
    facts: [
      ["image", text],
      ["status", status === undefined ? "" : `${status.status}: ${status.reason}`],
      ["use instead", (tag !== undefined && livingTag(tag)) || ""],
      ["OS", base?.os === undefined ? "" : `${base.os.id}, security updates until ${base.os.securityEnds}`],
      ["Python", base?.python ?? ""],
      ["comes with", base?.frameworks.join(" ") ?? ""],
      ["user", base?.user ?? ""],
      ["programs in it", [...(base?.has ?? [])].join(" ")],
      ["not in it", [...(base?.lacks ?? [])].join(" ")],
      [
        "about",
        weighs === undefined ? "" : `${gigabytes(weighs[0])} compressed, ${gigabytes(weighs[1])} on disk`,
      ],
    ],
  };
}

function aboutTorch(text: string): CatalogAnswer | undefined {
  const release = findTorch(text);
  const defaults = torchDefaults(text);
  if (release === undefined || defaults === undefined) return undefined;
  const bytes = torchCudaBytes(text);
  return {
    found: true,
    facts: [
      ["torch", text],
      ["torchvision", defaults.torchvision],
      ["torchaudio", defaults.torchaudio ?? "not for this torch"],
      ["Python", defaults.python.join(" to ")],
      ["CUDA of the wheels", release.cuda.join(" ")],
      ["from PyPI", `CUDA ${defaults.cuda}, cuDNN ${defaults.cudnn}`],
      ["PyPI on arm64", release.pypiCudaOnArm ? "CUDA too" : "CPU only"],
      ["weighs with CUDA", `${gigabytes(bytes.wheel)} of wheels, about ${gigabytes(bytes.disk)} on disk`],
      ...release.cuda.map((cuda): readonly [string, string] => [
        `GPUs of CUDA ${cuda}`,
        torchCapabilities(text, cuda)?.join(" ") ?? "not known",
      ]),
    ],
  };
}

function spanOf(builds: readonly TorchChoice[]): string {
  const cudas = [...new Set(builds.map((one) => one.cuda))];
  const spans = cudas.map((cuda) => {
    const all = builds.filter((one) => one.cuda === cuda);
    const [newest] = all;
    const oldest = all.at(-1);
    return `CUDA ${cuda}: ${oldest?.torch === newest?.torch ? "" : `${oldest?.torch} to `}${newest?.torch}`;
  });
  return spans.length === 0 ? "none" : spans.join("; ");
}

function installLine(build: TorchChoice): string {
  const index = build.isPypi ? "" : ` --index-url ${build.index}`;
  return `pip install torch==${build.torch}${index}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}
