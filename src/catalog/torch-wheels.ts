import type { SourceName } from "./sources.ts";
import { minorOf } from "./versions.ts";

/** The wheels with CUDA's libraries that a build of torch pins for x86_64, those that go with every Python (`py3-none`). */
interface WheelPins {
  /** Point releases of one minor release. */
  readonly torch: readonly string[];
  /** `12.4` */
  readonly cuda: string;
  /** `nvidia-cublas-cu12==12.4.5.8` */
  readonly wheels: readonly string[];
  readonly source: SourceName;
}

const cuda121 =
  "cublas 12.1.3.1 cuda-cupti 12.1.105 cuda-nvrtc 12.1.105 cuda-runtime 12.1.105 cufft 11.0.2.54 curand 10.3.2.106 cusolver 11.4.5.107 cusparse 12.1.0.106 nvtx 12.1.105";
const cuda1240 =
  "cublas 12.4.2.65 cuda-cupti 12.4.99 cuda-nvrtc 12.4.99 cuda-runtime 12.4.99 cufft 11.2.0.44 curand 10.3.5.119 cusolver 11.6.0.99 cusparse 12.3.0.142 nvjitlink 12.4.99 nvtx 12.4.99";
const cuda124 =
  "cublas 12.4.5.8 cuda-cupti 12.4.127 cuda-nvrtc 12.4.127 cuda-runtime 12.4.127 cufft 11.2.1.3 curand 10.3.5.147 cusolver 11.6.1.9 cusparse 12.3.1.170 nvjitlink 12.4.127 nvtx 12.4.127";
const cuda126 =
  "cublas 12.6.4.1 cuda-cupti 12.6.80 cuda-nvrtc 12.6.77 cuda-runtime 12.6.77 cufft 11.3.0.4 curand 10.3.7.77 cusolver 11.7.1.2 cusparse 12.5.4.2 nvjitlink 12.6.85 nvtx 12.6.77";
const cuda128 =
  "cublas 12.8.4.1 cuda-cupti 12.8.90 cuda-nvrtc 12.8.93 cuda-runtime 12.8.90 cufft 11.3.3.83 cufile 1.13.1.3 curand 10.3.9.90 cusolver 11.7.3.90 cusparse 12.5.8.93 nvjitlink 12.8.93 nvtx 12.8.90";
const cuda130 =
  "cuda-cupti 13.0.85 cuda-nvrtc 13.0.88 cuda-runtime 13.0.96 cufft 12.0.0.61 cufile 1.15.1.6 curand 10.4.0.35 cusolver 12.0.4.66 cusparse 12.6.3.3 nvtx 13.0.85";

/** Oldest first. What a wheel of torch leaves open (nvjitlink of 2.4 from PyPI and of 2.13) is not here. */
export const wheelPins: readonly WheelPins[] = [
  pin("2.4.0 2.4.1", "12.1", `${cuda121} cudnn 9.1.0.70 nccl 2.20.5`),
  pin("2.4.0 2.4.1", "12.4", `${cuda1240} cudnn 9.1.0.70 nccl 2.20.5`, "torch-logs"),
  pin("2.5.0 2.5.1", "12.4", `${cuda124} cudnn 9.1.0.70 nccl 2.21.5`),
  pin("2.6.0", "12.4", `${cuda124} cudnn 9.1.0.70 nccl 2.21.5 cusparselt 0.6.2`),
  pin("2.6.0", "12.6", `${cuda126} cudnn 9.5.1.17 nccl 2.21.5 cusparselt 0.6.3`, "torch-matrix"),
  pin("2.7.0 2.7.1", "12.6", `${cuda126} cudnn 9.5.1.17 nccl 2.26.2 cusparselt 0.6.3 cufile 1.11.1.6`),
  pin("2.8.0", "12.8", `${cuda128} cudnn 9.10.2.21 nccl 2.27.3 cusparselt 0.7.1`),
  pin(
    "2.9.0 2.9.1",
    "12.6",
    `${cuda126} cudnn 9.10.2.21 nccl 2.27.5 cusparselt 0.7.1 cufile 1.11.1.6 nvshmem 3.3.20`,
    "torch-matrix",
  ),
  pin("2.9.0 2.9.1", "12.8", `${cuda128} cudnn 9.10.2.21 nccl 2.27.5 cusparselt 0.7.1 nvshmem 3.3.20`),
  pin(
    "2.10.0",
    "12.6",
    `${cuda126} cudnn 9.10.2.21 nccl 2.27.5 cusparselt 0.7.1 cufile 1.11.1.6 nvshmem 3.4.5`,
    "torch-matrix",
  ),
  pin("2.10.0", "12.8", `${cuda128} cudnn 9.10.2.21 nccl 2.27.5 cusparselt 0.7.1 nvshmem 3.4.5`),
  pin(
    "2.11.0",
    "13.0",
    `${cuda130} cublas 13.1.0.3 nvjitlink 13.0.88 cudnn 9.19.0.56 nccl 2.28.9 cusparselt 0.8.0 nvshmem 3.4.5`,
  ),
  pin(
    "2.12.0 2.12.1",
    "13.0",
    `${cuda130} cublas 13.1.1.3 nvjitlink 13.0.88 cudnn 9.20.0.48 nccl 2.29.7 cusparselt 0.8.1 nvshmem 3.4.5`,
  ),
  pin(
    "2.13.0",
    "13.0",
    `${cuda130} cublas 13.1.1.3 cudnn 9.20.0.48 nccl 2.29.7 cusparselt 0.8.1 nvshmem 3.4.5`,
  ),
  pin(
    "2.14.0 2.14.1",
    "13.0",
    `${cuda130} cublas 13.1.1.3 cudnn 9.24.0.43 nccl 2.30.7 cusparselt 0.8.1 nvshmem 3.4.5`,
  ),
];

/**
 * The wheels of a build in groups: those that the very same builds of the catalogue pin are one. So a build that needs one wheel of a group
 * needs all of it, and what a group holds depends on nothing else. Wheels that no other minor release pins are in none. Sorted.
 */
export function sharedWheels(torch: string, cuda: string): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const wheel of pinsOf(torch, cuda)?.wheels ?? []) {
    const users = wheelPins.filter((one) => one.wheels.includes(wheel));
    if (new Set(users.map((one) => minorOf(one.torch[0] ?? ""))).size < 2) continue;
    const key = users.map((one) => `${one.torch.join(" ")} ${one.cuda}`).join("\n");
    groups.set(key, [...(groups.get(key) ?? []), wheel].sort());
  }
  return [...groups.values()].sort(([one = ""], [other = ""]) => (one < other ? -1 : 1));
}

function pinsOf(torch: string, cuda: string): WheelPins | undefined {
  return wheelPins.find((one) => one.cuda === minorOf(cuda) && one.torch.includes(torch));
}

function pin(torch: string, cuda: string, list: string, source: SourceName = "pypi"): WheelPins {
  const words = list.split(" ");
  const wheels = words.flatMap((word, at) =>
    at % 2 === 0 ? [`${wheelName(word, cuda)}==${words[at + 1]}`] : [],
  );
  return { torch: torch.split(" "), cuda, wheels, source };
}

/** Since CUDA 13 only some names end in the major version. */
function wheelName(name: string, cuda: string): string {
  const major = cuda.split(".")[0] ?? "";
  const bare = major !== "12" && !["cudnn", "cusparselt", "nccl", "nvshmem"].includes(name);
  return `nvidia-${name}${bare ? "" : `-cu${major}`}`;
}
