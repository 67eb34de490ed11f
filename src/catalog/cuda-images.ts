import { ends, newer, supported, type TagRow, unsupported } from "./cuda-image-lists.ts";
import { readImageName } from "./image-name.ts";
import { compareVersions, majorOf, minorOf } from "./versions.ts";

/** How much of CUDA an image has: base the runtime library, runtime also the math libraries and NCCL, devel the compiler and headers. */
export type CudaFlavour = "base" | "runtime" | "devel";

/** A tag of `nvidia/cuda` in parts. */
export interface CudaTag {
  /** As written: `12.4.1` or `12.4`. */
  readonly cuda: string;
  /** As written: `cudnn8`. */
  readonly cudnn: string | undefined;
  readonly flavour: CudaFlavour | undefined;
  /** `ubuntu22.04`, also where it is written `ubuntu2204`. */
  readonly os: string | undefined;
}

/**
 * `supported` and `unsupported` are NVIDIA's own lists (a tag that a newer point release replaced counts as unsupported);
 * `unlisted` was there once but stands on neither; `unknown-spelling` is a slip that `livingTag` mends; `never-existed` is a
 * combination that NVIDIA never built; `newer-than-catalogue` cannot be judged.
 */
export type CudaTagStatus =
  | "supported"
  | "unsupported"
  | "unlisted"
  | "unknown-spelling"
  | "never-existed"
  | "newer-than-catalogue";

const names = new Set(["nvidia/cuda", "nvcr.io/nvidia/cuda", "nvidia/cuda-arm64", "nvidia/cuda-ppc64le"]);

/** The tag of an image that is NVIDIA's `nvidia/cuda` (Docker Hub or NGC); undefined for every other image. */
export function cudaTagOf(image: string): string | undefined {
  const read = readImageName(image);
  return read !== undefined && names.has(read.name) ? read.tag : undefined;
}

/** The parts of a tag, in whatever order cuDNN and the flavour are; undefined when it does not begin with a version. */
export function parseCudaTag(tag: string): CudaTag | undefined {
  const [cuda = "", ...parts] = tag.slice(0, 128).split("-");
  if (!/^\d{1,2}\.\d{1,2}(?:\.\d{1,2})?$/.test(cuda)) return undefined;
  const flavour = parts.find((part) => part === "base" || part === "runtime" || part === "devel");
  const cudnn = parts.find((part) => /^cudnn\d*$/.test(part));
  const others = parts.filter((part) => part !== flavour && part !== cudnn);
  if (others.length > 1) return undefined;
  return { cuda, cudnn, flavour, os: others[0]?.replace(/^ubuntu(\d\d)(\d\d)$/, "ubuntu$1.$2") };
}

/** What is known of a tag, with a sentence without a full stop that says why; undefined for a tag that is not of NVIDIA's form. */
export function cudaTagStatus(tag: string): { status: CudaTagStatus; reason: string } | undefined {
  if (tag === "latest") return { status: "unlisted", reason: "nvidia/cuda has no tag latest" };
  const parts = parseCudaTag(tag);
  if (parts === undefined) return undefined;
  const { cuda } = parts;
  const rows = allRows().filter((row) => row.cuda === cuda);
  const [row] = rows;
  if (row === undefined) return statusOfUnknownVersion(cuda);
  if (parts.flavour === undefined || parts.os === undefined) {
    const reason = "a tag names a flavour (base, runtime, devel) and an OS";
    return { status: majorOf(cuda) < 12 ? "unlisted" : "never-existed", reason };
  }
  const exists = rows.some((one) => hasTag(one, parts));
  if (!exists) return statusOfMissing(row, parts);
  if (writeTag(row, parts) !== tag) {
    return { status: "unknown-spelling", reason: `NVIDIA writes it ${writeTag(row, parts)}` };
  }
  const end = ends[cuda];
  if (end !== undefined) {
    const reason = `NVIDIA marked CUDA ${cuda} as ended on ${end.marked} and announced the deletion of its tags for ${end.deleted}`;
    return { status: "unsupported", reason };
  }
  const successor = newestRow(parts);
  if (successor !== undefined && successor.cuda !== cuda) {
    const reason = `NVIDIA supports only the newest point release, ${successor.cuda}, and deletes older tags after six months`;
    return { status: "unsupported", reason };
  }
  return unsupported.some((one) => one.cuda === cuda)
    ? { status: "unsupported", reason: `CUDA ${cuda} is on NVIDIA's list of unsupported tags` }
    : { status: "supported", reason: `CUDA ${cuda} is the newest point release of ${minorOf(cuda)}` };
}

/**
 * The newest tag of the same minor release with the same flavour, OS and cuDNN or not, rightly spelled. Undefined when that is
 * the tag itself, when the minor has none, or when the tag does not say its flavour and OS.
 */
export function livingTag(tag: string): string | undefined {
  const parts = parseCudaTag(tag);
  if (parts === undefined || parts.flavour === undefined || parts.os === undefined) return undefined;
  const row = newestRow(parts);
  const living = row === undefined ? undefined : writeTag(row, parts);
  return living === tag ? undefined : living;
}

/** The OS releases with a supported or newer image of this CUDA minor release (`12.4`) and flavour. */
export function livingCudaTags(minor: string, flavour: CudaFlavour, cudnn: boolean): string[] {
  const oses = new Set(livingRows(minor).flatMap((row) => [...row.withCudnn, ...row.without]));
  const found = [...oses].map((os) => {
    const parts: CudaTag = { cuda: minor, cudnn: cudnn ? "cudnn" : undefined, flavour, os };
    const row = newestRow(parts);
    return row === undefined ? undefined : writeTag(row, parts);
  });
  return found.filter((one) => one !== undefined);
}

function allRows(): readonly TagRow[] {
  return [...newer, ...supported, ...unsupported];
}

/** Newest first. */
function livingRows(minor: string): TagRow[] {
  return [...newer, ...supported]
    .filter((row) => minorOf(row.cuda) === minor && ends[row.cuda] === undefined)
    .sort((left, right) => compareVersions(right.cuda, left.cuda));
}

function newestRow(parts: CudaTag): TagRow | undefined {
  return livingRows(minorOf(parts.cuda)).find((row) => hasTag(row, parts));
}

/** Whether this version was built for the OS with this flavour, and with cuDNN where that is asked for in any spelling. */
function hasTag(row: TagRow, { cudnn, flavour, os = "" }: CudaTag): boolean {
  if (cudnn !== undefined) return flavour !== "base" && row.withCudnn.includes(os);
  return row.withCudnn.includes(os) || row.without.includes(os);
}

function writeTag(row: TagRow, { cudnn, flavour, os }: CudaTag): string {
  return [row.cuda, ...(cudnn === undefined ? [] : [row.cudnn]), flavour, os].join("-");
}

function statusOfMissing(row: TagRow, parts: CudaTag): { status: CudaTagStatus; reason: string } {
  const { cuda, cudnn, flavour, os = "" } = parts;
  if (newer.some((one) => one.cuda === cuda)) {
    return { status: "newer-than-catalogue", reason: `of CUDA ${cuda} only the Ubuntu tags are known` };
  }
  const reason =
    cudnn !== undefined && flavour === "base"
      ? "cuDNN comes with runtime and devel only"
      : cudnn !== undefined && row.cudnn === ""
        ? `CUDA ${cuda} has no images with cuDNN`
        : cudnn !== undefined && row.without.includes(os)
          ? `CUDA ${cuda} has no image with cuDNN for ${os}`
          : `CUDA ${cuda} was not built for ${os}`;
  return { status: "never-existed", reason };
}

function statusOfUnknownVersion(cuda: string): { status: CudaTagStatus; reason: string } {
  const sameMinor = allRows().filter((row) => minorOf(row.cuda) === minorOf(cuda));
  const newest = allRows().reduce(
    (best, row) => (compareVersions(row.cuda, best) > 0 ? row.cuda : best),
    "0",
  );
  const newestOfMinor = sameMinor.reduce(
    (best, row) => (compareVersions(row.cuda, best) > 0 ? row.cuda : best),
    "0",
  );
  const isNewer = compareVersions(cuda, sameMinor.length === 0 ? newest : newestOfMinor) > 0;
  if (isNewer && (sameMinor.length > 0 || majorOf(cuda) >= majorOf(newest))) {
    return { status: "newer-than-catalogue", reason: `CUDA ${cuda} is newer than the catalogue` };
  }
  if (cuda.split(".").length === 2 && majorOf(cuda) >= 12) {
    return { status: "unknown-spelling", reason: "since CUDA 11.3 a tag names the point release" };
  }
  return { status: "unlisted", reason: `CUDA ${cuda} is on neither of NVIDIA's lists of tags` };
}
