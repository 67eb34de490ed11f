/** A minor release of PyTorch on Linux. */
export interface TorchRelease {
  /** `2.5` */
  readonly torch: string;
  /** Point releases, oldest first. */
  readonly points: readonly string[];
  /** torchvision of the first point release; later points go along in the last number. */
  readonly torchvision: string;
  /** The oldest and the newest Python with wheels. */
  readonly python: readonly [string, string];
  /** CUDA of the wheels on download.pytorch.org, oldest first. */
  readonly cuda: readonly string[];
  /** CUDA of what `pip install torch` gets from PyPI on x86_64. Read from PyPI's requirements. */
  readonly pypiCuda: string;
  /** Whether PyPI's wheel for aarch64 brings CUDA too. */
  readonly pypiCudaOnArm: boolean;
  /** cuDNN that PyPI's wheel brings. */
  readonly cudnn: string;
  readonly rocm: string | undefined;
  /** Bytes of PyPI's x86_64 wheel of the last point release, as pip prints it. Source: `pip-logs`. */
  readonly wheelBytes: number | undefined;
}

const mb = 1_000_000;

/** Newest first. Sources: `torch-release`, `cog`; PyPI's columns `pypi`. Of 2.15 only PyPI's wheel is known. */
export const torchReleases: readonly TorchRelease[] = [
  release("2.15", ["2.15.0"], "0.29.2", "3.10 3.14", "13.2", "13.2", "9.26.0.51"),
  release("2.14", ["2.14.0", "2.14.1"], "0.29.0", "3.10 3.14", "12.6 13.0 13.2", "13.0", "9.24.0.43", "7.14"),
  release("2.13", ["2.13.0"], "0.28.0", "3.10 3.14", "12.6 13.0 13.2", "13.0", "9.20.0.48", "7.2"),
  release("2.12", ["2.12.0", "2.12.1"], "0.27.0", "3.10 3.14", "12.6 13.0 13.2", "13.0", "9.20.0.48", "7.2"),
  release(
    "2.11",
    ["2.11.0"],
    "0.26.0",
    "3.10 3.14",
    "12.6 12.8 12.9 13.0",
    "13.0",
    "9.19.0.56",
    "7.2",
    530.7,
  ),
  release("2.10", ["2.10.0"], "0.25.0", "3.10 3.14", "12.6 12.8 13.0", "12.8", "9.10.2.21", "7.1"),
  release(
    "2.9",
    ["2.9.0", "2.9.1"],
    "0.24.0",
    "3.10 3.14",
    "12.6 12.8 13.0",
    "12.8",
    "9.10.2.21",
    "6.4",
    899.8,
  ),
  release("2.8", ["2.8.0"], "0.23.0", "3.9 3.13", "12.6 12.8 12.9", "12.8", "9.10.2.21", "6.4", 888.1),
  release("2.7", ["2.7.0", "2.7.1"], "0.22.0", "3.9 3.13", "11.8 12.6 12.8", "12.6", "9.5.1.17", "6.3", 821),
  release("2.6", ["2.6.0"], "0.21.0", "3.9 3.13", "11.8 12.4 12.6", "12.4", "9.1.0.70", "6.2.4", 766.7),
  release(
    "2.5",
    ["2.5.0", "2.5.1"],
    "0.20.0",
    "3.9 3.13",
    "11.8 12.1 12.4",
    "12.4",
    "9.1.0.70",
    "6.2",
    906.5,
  ),
  release(
    "2.4",
    ["2.4.0", "2.4.1"],
    "0.19.0",
    "3.8 3.12",
    "11.8 12.1 12.4",
    "12.1",
    "9.1.0.70",
    "6.1",
    797.1,
  ),
  release("2.3", ["2.3.0", "2.3.1"], "0.18.0", "3.8 3.12", "11.8 12.1", "12.1", "8.9.2.26", "6.0", 779.1),
  release(
    "2.2",
    ["2.2.0", "2.2.1", "2.2.2"],
    "0.17.0",
    "3.8 3.12",
    "11.8 12.1",
    "12.1",
    "8.9.2.26",
    "5.7",
    755.5,
  ),
  release(
    "2.1",
    ["2.1.0", "2.1.1", "2.1.2"],
    "0.16.0",
    "3.8 3.11",
    "11.8 12.1",
    "12.1",
    "8.9.2.26",
    "5.6",
    670.2,
  ),
  release("2.0", ["2.0.0", "2.0.1"], "0.15.1", "3.8 3.11", "11.7 11.8", "11.7", "8.5.0.96", "5.4.2", 619.9),
  release("1.13", ["1.13.0", "1.13.1"], "0.14.0", "3.7 3.11", "11.6 11.7", "11.7", "8.5.0.96", "5.2"),
  release("1.12", ["1.12.0", "1.12.1"], "0.13.0", "3.7 3.10", "10.2 11.3 11.6", "10.2", "7.6.5", "5.1.1"),
  release("1.11", ["1.11.0"], "0.12.0", "3.7 3.10", "10.2 11.3", "10.2", "7.6.5"),
];

/** Since this release torchaudio follows torch no more: 2.11.0 is its last. Source: `pypi`. */
export const lastTorchaudio = "2.11.0";

/** Which GPUs the wheels of a CUDA have machine code for. */
interface Kernels {
  readonly cuda: string;
  /** First and last minor release of torch of which this is known. */
  readonly from: string;
  readonly to: string;
  readonly arch: "x86_64" | "aarch64";
  readonly capabilities: readonly string[];
  /** With code for newer GPUs too, compiled when it is first used. */
  readonly ptx: boolean;
}

const upTo86 = "3.7 5.0 6.0 7.0 7.5 8.0 8.6";
const upTo90 = "5.0 6.0 7.0 7.5 8.0 8.6 9.0";
const blackwell = "7.5 8.0 8.6 9.0 10.0 12.0";
const armBlackwell = "8.0 9.0 10.0 11.0 12.0";

/** Sources: `torch-release` (2.11 and 2.12 to 2.14), `torch-builds` (before). */
export const torchKernels: readonly Kernels[] = [
  kernels("11.6", "1.12", "1.13", upTo86),
  kernels("11.7", "1.13", "2.0", upTo86),
  kernels("11.8", "2.0", "2.7", `${upTo86} 9.0`),
  kernels("12.1", "2.1", "2.5", upTo90),
  kernels("12.4", "2.4", "2.6", upTo90),
  kernels("12.6", "2.6", "2.14", upTo90),
  kernels("12.8", "2.7", "2.7", `${blackwell}+PTX`),
  kernels("12.8", "2.8", "2.10", `7.0 ${blackwell}`),
  kernels("12.8", "2.11", "2.11", blackwell),
  kernels("12.9", "2.8", "2.8", `7.0 ${blackwell}+PTX`),
  kernels("13.0", "2.9", "2.14", `${blackwell}+PTX`),
  kernels("13.2", "2.12", "2.14", `${blackwell}+PTX`),
  kernels("12.4", "2.4", "2.6", "9.0", "aarch64"),
  kernels("12.6", "2.11", "2.14", "8.0 9.0", "aarch64"),
  kernels("12.8", "2.11", "2.11", "8.0 9.0 10.0 12.0", "aarch64"),
  kernels("13.0", "2.11", "2.14", `${armBlackwell}+PTX`, "aarch64"),
  kernels("13.2", "2.12", "2.14", `${armBlackwell}+PTX`, "aarch64"),
];

function release(
  torch: string,
  points: readonly string[],
  torchvision: string,
  python: string,
  cuda: string,
  pypiCuda: string,
  cudnn: string,
  rocm?: string,
  wheelMegabytes?: number,
): TorchRelease {
  const [oldest = "", newest = ""] = python.split(" ");
  return {
    torch,
    points,
    torchvision,
    python: [oldest, newest],
    cuda: cuda.split(" "),
    pypiCuda,
    pypiCudaOnArm: pypiCuda.startsWith("13"),
    cudnn,
    rocm,
    wheelBytes: wheelMegabytes === undefined ? undefined : wheelMegabytes * mb,
  };
}

function kernels(
  cuda: string,
  from: string,
  to: string,
  capabilities: string,
  arch: Kernels["arch"] = "x86_64",
): Kernels {
  const ptx = capabilities.endsWith("+PTX");
  return { cuda, from, to, arch, capabilities: capabilities.replace("+PTX", "").split(" "), ptx };
}
