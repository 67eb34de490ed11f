import type { SourceName } from "./sources.ts";
import { compareVersions, minorOf } from "./versions.ts";

/** A release of a framework and the CUDA that it was built with. */
export interface FrameworkBuild {
  /** The first version of the row; it holds up to the next row. */
  readonly from: string;
  /** The last minor release of which this is known, where newer ones may differ. */
  readonly to?: string;
  readonly cuda: string;
  readonly cudnn: string;
  /** The oldest and the newest Python, where known. */
  readonly python: readonly [string, string] | undefined;
  /** How CUDA comes: `extra` names the pip extra that brings it, `system` means that the image must have it. */
  readonly cudaFrom: string;
  readonly source: SourceName;
}

type FrameworkName = "tensorflow" | "onnxruntime-gpu" | "jax";

/** Newest first. Since TensorFlow 2.14 CUDA comes with `tensorflow[and-cuda]`. */
export const frameworks: Readonly<Record<FrameworkName, readonly FrameworkBuild[]>> = {
  tensorflow: [
    tensorflow("2.21", "12.5", "9.3", "3.10", "3.13", true),
    tensorflow("2.20", "12.5", "9.3", "3.9", "3.13", true),
    tensorflow("2.18", "12.5", "9.3", "3.9", "3.12", true),
    tensorflow("2.16", "12.3", "8.9", "3.9", "3.12", true),
    tensorflow("2.15", "12.2", "8.9", "3.9", "3.11", true),
    tensorflow("2.14", "11.8", "8.7", "3.9", "3.11", true),
    tensorflow("2.12", "11.8", "8.6", "3.8", "3.11", false),
    tensorflow("2.8", "11.2", "8.1", "3.7", "3.10", false),
    tensorflow("2.7", "11.2", "8.1", "3.7", "3.9", false),
    tensorflow("2.5", "11.2", "8.1", "3.6", "3.9", false),
    tensorflow("2.4", "11.0", "8.0", "3.6", "3.8", false),
  ],
  "onnxruntime-gpu": [
    {
      from: "1.19",
      // Both CUDA 12 and 13 are built since; which one PyPI has after this is not known.
      to: "1.26",
      cuda: "12",
      cudnn: "9",
      python: undefined,
      cudaFrom: "system or extra [cuda,cudnn]",
      source: "onnxruntime-cuda",
    },
    {
      from: "1.15",
      cuda: "11.8",
      cudnn: "8",
      python: undefined,
      cudaFrom: "system",
      source: "onnxruntime-cuda",
    },
    {
      from: "1.13",
      cuda: "11.6",
      cudnn: "8",
      python: undefined,
      cudaFrom: "system",
      source: "onnxruntime-cuda",
    },
    {
      from: "1.9",
      cuda: "11.4",
      cudnn: "8",
      python: undefined,
      cudaFrom: "system",
      source: "onnxruntime-cuda",
    },
    {
      from: "1.7",
      cuda: "11.0",
      cudnn: "8",
      python: undefined,
      cudaFrom: "system",
      source: "onnxruntime-cuda",
    },
  ],
  jax: [
    {
      from: "0.7",
      cuda: "13",
      cudnn: "9",
      python: ["3.11", "3.14"],
      cudaFrom: "extra [cuda13], or [cuda12] for driver 525 and newer",
      source: "jax-install",
    },
    {
      from: "0.4.26",
      cuda: "12",
      cudnn: "9",
      python: ["3.9", "3.13"],
      cudaFrom: "extra [cuda12]",
      source: "jax-install",
    },
  ],
};

/** The row of a version (`2.15.1`); undefined for one that is older than the catalogue, or of which it is not known. */
export function findFramework(name: FrameworkName, version: string): FrameworkBuild | undefined {
  const row = frameworks[name].find((one) => compareVersions(version, one.from) >= 0);
  return row?.to !== undefined && compareVersions(minorOf(version), row.to) > 0 ? undefined : row;
}

/** A monthly image of NGC. */
interface NgcImage {
  /** `pytorch`, `tritonserver` */
  readonly name: string;
  /** `25.01` */
  readonly tag: string;
  /** What `torch.__version__` says: a pre-release by PEP 440, which `torch>=2.6` does not accept. */
  readonly torch: string | undefined;
  readonly cuda: string | undefined;
  /** The driver that came with this CUDA. Data-centre GPUs can do with older branches. */
  readonly driver: string | undefined;
  readonly compressedBytes: number | undefined;
}

const gb = 1_000_000_000;

/** Newest first. Source: `ngc-notes`. */
export const ngcImages: readonly NgcImage[] = [
  ngc("pytorch", "25.10", { torch: "2.9.0a0+145a3a7bda" }),
  ngc("pytorch", "25.06", { torch: "2.8.0a0+5228986c39", cuda: "12.9" }),
  ngc("pytorch", "25.05", { torch: "2.8.0a0+5228986c39", cuda: "12.9" }),
  ngc("pytorch", "25.04", { torch: "2.7.0a0+79aa17489c" }),
  ngc("pytorch", "25.03", { torch: "2.7.0a0+7c8ec84dab" }),
  ngc("pytorch", "25.02", { torch: "2.7.0a0+6c54963f75" }),
  ngc("pytorch", "25.01", { torch: "2.6.0a0+ecf3bae40a", cuda: "12.8" }),
  ngc("pytorch", "24.12", { torch: "2.6.0a0+df5bbc09d1", cuda: "12.6" }),
  ngc("pytorch", "24.11", { torch: "2.6.0a0+df5bbc09d1" }),
  ngc("pytorch", "24.10", { torch: "2.5.0a0+e000cf0ad9" }),
  ngc("pytorch", "24.07", { torch: "2.4.0a0+3bcc3cddb5" }),
  ngc("tritonserver (trtllm)", "25.12", { cuda: "13.0.2", driver: "580.95.05", size: 16.04 }),
  ngc("tritonserver (trtllm)", "25.10", { cuda: "12.9.1", driver: "575.57.08", size: 16.2 }),
  ngc("tritonserver (trtllm)", "25.07", { cuda: "12.9.0", driver: "575.51.03", size: 18.3 }),
  ngc("tritonserver (trtllm)", "25.01", { cuda: "12.8", driver: "570.86.10", size: 30 }),
  ngc("tritonserver (trtllm)", "24.12", { cuda: "12.6.3", driver: "560.35.05", size: 22 }),
  ngc("tritonserver (trtllm)", "24.10", { cuda: "12.5.1", driver: "555.42.06", size: 23.3 }),
  ngc("tritonserver (trtllm)", "24.07", { cuda: "12.4.1", driver: "550.54.15", size: 23 }),
];

/** The torch inside `nvcr.io/nvidia/pytorch:TAG` (`25.01-py3`); undefined where not known. */
export function torchOfNgc(tag: string): string | undefined {
  const month = minorOf(tag.split("-")[0] ?? "");
  return ngcImages.find((one) => one.name === "pytorch" && one.tag === month)?.torch;
}

function tensorflow(
  from: string,
  cuda: string,
  cudnn: string,
  oldest: string,
  newest: string,
  extra: boolean,
): FrameworkBuild {
  const cudaFrom = extra ? "extra [and-cuda]" : "system";
  return { from, cuda, cudnn, python: [oldest, newest], cudaFrom, source: "tensorflow-install" };
}

function ngc(
  name: string,
  tag: string,
  { torch, cuda, driver, size }: { torch?: string; cuda?: string; driver?: string; size?: number },
): NgcImage {
  return { name, tag, torch, cuda, driver, compressedBytes: size === undefined ? undefined : size * gb };
}
