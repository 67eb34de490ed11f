import { cudaOfIndex } from "../../catalog/cuda.ts";
import { readImageName } from "../../catalog/image-name.ts";
import { findTorch, torchDefaults } from "../../catalog/torch.ts";
import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import type { LintContext } from "../rule.ts";
import { chainOf } from "./bases.ts";
import { rootImage } from "./variables.ts";
import { placeOfTorch, torchInstalls, type TorchInstall } from "./wanted-torch.ts";

/** A build of torch that a stage has. */
export interface TorchBuild {
  /** `2.5.1`; undefined where none is written, or a range. */
  readonly version: string | undefined;
  /** `12.4`; `cpu`; undefined where it cannot be said: other indexes, ROCm. */
  readonly cuda: string | undefined;
  /** Whether `cuda` is that of the build, rather than what is likely where other packages choose the version. */
  readonly certain: boolean;
  /** Where it is asked for. */
  readonly at: Range;
  /** `torch 2.5.1 from PyPI`, `pytorch/pytorch:2.1.0-...`: for messages. */
  readonly said: string;
}

/** The CUDA that an unpinned `pip install torch` brings in these years; only its major number is of use. */
const newestDefault = "13.0";

/** The builds of torch that a stage, and those that it stands on, install one after the other. */
export function torchBuilds(file: Dockerfile, stage: Stage, context: LintContext): TorchBuild[] {
  const chain = chainOf(stage);
  return torchInstalls(file, context)
    .filter((one) => chain.includes(one.stage))
    .map((one) => {
      const cuda = cudaOf(one);
      const number = one.version === undefined ? "torch" : `torch ${one.version}`;
      const said = one.index.kind === "pypi" && one.local === undefined ? `${number} from PyPI` : number;
      return { version: one.version, cuda, certain: isCertain(one), at: placeOfTorch(one), said };
    });
}

/** The torch of a `pytorch/pytorch` base, as its tag says; the first number is torch, then comes its CUDA. */
export function torchOfBase(stage: Stage): TorchBuild | undefined {
  const image = rootImage(stage);
  const read = image === undefined ? undefined : readImageName(image);
  if (image === undefined || read?.name !== "pytorch/pytorch") return undefined;
  const match = /^(\d+\.\d+\.\d+)-cuda(\d+\.\d+)/.exec(read.tag ?? "");
  const at = chainOf(stage)[0]?.image;
  if (match === null || at === undefined) return undefined;
  return { version: match[1], cuda: match[2], certain: true, at, said: image };
}

function cudaOf({ local, index, version, asked }: TorchInstall): string | undefined {
  if (local !== undefined) return local === "cpu" ? "cpu" : cudaOfIndex(local);
  if (index.kind === "cpu") return "cpu";
  if (index.kind === "cuda") return cudaOfIndex(index.tag ?? "");
  if (index.kind !== "pypi") return undefined;
  if (version !== undefined) return torchDefaults(version)?.cuda;
  // A range may stop at any version; what only needs torch takes the newest.
  return asked.name !== "torch" || asked.version === "" ? newestDefault : undefined;
}

/** Others that are pinned (`xformers==0.0.27`) hold torch at an older version. */
function isCertain({ version, asked, wanted, index }: TorchInstall): boolean {
  if (version !== undefined || index.kind !== "pypi") return true;
  return asked.name === "torch" && !wanted.some((one) => one !== asked && /[=<~]/.test(one.version));
}

/** Whether a build brings CUDA's libraries, as wheels of their own or within: all for CUDA do. */
export function bringsCuda({ cuda, version }: TorchBuild): boolean {
  return cuda !== undefined && cuda !== "cpu" && (version === undefined || findTorch(version) !== undefined);
}
