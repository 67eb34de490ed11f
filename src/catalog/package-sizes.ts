import type { CudaFlavour } from "./cuda-images.ts";
import type { SourceName } from "./sources.ts";
import { findTorch } from "./torch.ts";
import { torchReleases } from "./torch-releases.ts";

const mb = 1_000_000;

/** What a Python package weighs, in bytes of its Linux x86_64 wheel, and about how much that is when unpacked. */
interface WheelSize {
  readonly name: string;
  readonly wheelBytes: number;
  readonly diskBytes: number;
  readonly source: SourceName;
}

/** Rounded, of recent releases; torch by version is in the table of its releases. */
export const wheelSizes: readonly WheelSize[] = [
  wheel("tensorflow", 620, 1900),
  wheel("tensorflow-cpu", 260, 900),
  wheel("jaxlib", 85, 300),
  wheel("onnxruntime-gpu", 250, 600),
  wheel("onnxruntime", 16, 60),
  wheel("opencv-python", 63, 180),
  wheel("opencv-python-headless", 54, 150),
  wheel("opencv-contrib-python", 69, 200),
  wheel("scipy", 37, 110),
  wheel("pandas", 13, 60),
  wheel("numpy", 18, 65),
  wheel("scikit-learn", 13, 45),
  wheel("transformers", 12, 80),
  wheel("pyarrow", 42, 140),
  wheel("xgboost", 250, 400),
  wheel("torchvision", 8, 20),
  wheel("triton", 200, 600),
  wheel("vllm", 400, 1200),
  wheel("spacy", 33, 110),
  wheel("matplotlib", 9, 30),
];

/** Bytes of the CUDA wheels (`nvidia-*`) beside torch, by the CUDA of the build. Sources: `pypi` for which, `pip-logs` for sizes. */
const nvidiaWheels: Readonly<Record<string, number>> = {
  "11.7": 1_520 * mb,
  "12.1": 1_860 * mb,
  "12.4": 1_880 * mb,
  "12.6": 2_010 * mb,
  "12.8": 2_860 * mb,
  "13.0": 1_950 * mb,
};

/** Bytes of a CPU build of torch: the wheel, and on disk. Source: `pip-logs`. */
export const torchCpuBytes = { wheel: 190 * mb, disk: 700 * mb } as const;

/** How much a CUDA wheel grows when it is unpacked: 410 MB of cuBLAS are 670 MB, 732 MB of cuDNN 1.2 GB. */
const unpackFactor = 1.6;

/**
 * What `pip install torch==VERSION` from PyPI brings, with the nvidia packages: bytes to download and on disk. A version that
 * is not known, or undefined, counts as the newest that was measured. An estimate.
 */
export function torchCudaBytes(version?: string): { wheel: number; disk: number } {
  const measured = torchReleases.find((one) => one.wheelBytes !== undefined);
  const release = findTorch(version ?? "") ?? measured;
  const wheel =
    (release?.wheelBytes ?? measured?.wheelBytes ?? 0) +
    (nvidiaWheels[release?.pypiCuda ?? ""] ?? 1_950 * mb);
  return { wheel, disk: Math.round(wheel * unpackFactor) };
}

/** Bytes on disk of the nvidia packages alone, which a CPU service carries for nothing. An estimate. */
export function nvidiaWheelBytes(cuda: string): number {
  return Math.round((nvidiaWheels[cuda] ?? 1_950 * mb) * unpackFactor);
}

/** What an `nvidia/cuda` image weighs by what it has: compressed, and on disk. Rounded, for CUDA 12 on Ubuntu. Source: `public-measures`. */
export const cudaImageBytes: Readonly<
  Record<
    CudaFlavour,
    { readonly plain: readonly [number, number]; readonly cudnn: readonly [number, number] }
  >
> = {
  base: { plain: [90 * mb, 240 * mb], cudnn: [90 * mb, 240 * mb] },
  runtime: { plain: [1_300 * mb, 2_500 * mb], cudnn: [2_000 * mb, 3_700 * mb] },
  devel: { plain: [4_100 * mb, 7_500 * mb], cudnn: [5_600 * mb, 9_500 * mb] },
};

/** What stays of `apt-get update` in /var/lib/apt/lists, in bytes on disk by release. Debian's were measured. */
const aptListBytes: Readonly<Record<string, number>> = {
  "debian:11": 18 * mb,
  "debian:12": 19 * mb,
  "debian:13": 20 * mb,
  "ubuntu:20.04": 35 * mb,
  "ubuntu:22.04": 45 * mb,
  "ubuntu:24.04": 50 * mb,
};

/** Bytes of apt's lists on a release (`debian:12`); 20 MB where it is not known. */
export function aptListsBytes(release?: string): number {
  return aptListBytes[release ?? ""] ?? 20 * mb;
}

/** Bytes of a package's wheel by its name (`Opencv_Python` too); undefined for the many that the table does not have. */
export function wheelBytes(name: string, version?: string): number | undefined {
  const plain = name.toLowerCase().replaceAll(/[-_.]+/g, "-");
  if (plain === "torch") return torchCudaBytes(version).wheel;
  return wheelSizes.find((one) => one.name === plain)?.wheelBytes;
}

function wheel(name: string, wheelMegabytes: number, diskMegabytes: number): WheelSize {
  return { name, wheelBytes: wheelMegabytes * mb, diskBytes: diskMegabytes * mb, source: "pip-logs" };
}
