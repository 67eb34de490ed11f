import { cudaOfIndex } from "../../catalog/cuda.ts";
import { readImageName } from "../../catalog/image-name.ts";
import { findTorch, torchDefaults } from "../../catalog/torch.ts";
import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import type { LintContext } from "../rule.ts";
import { baseOf, chainOf } from "./bases.ts";
import { hasOption, type PackageCommand, packageCommandsOf } from "./installs.ts";
import { type WantedPackage, wantedPackages } from "./python-packages.ts";
import { type TorchIndex, torchIndexOf } from "./torch-index.ts";
import { lockedPackages, lockOf } from "./uv-lock.ts";
import { rootImage } from "./variables.ts";

/** An install that wants torch, by itself or for something else. */
export interface TorchInstall {
  readonly stage: Stage;
  readonly install: PackageCommand;
  /** The package that is named: torch, or one that needs it. */
  readonly asked: WantedPackage;
  /** The version without its local part, where one is pinned: `2.5.1`. */
  readonly version: string | undefined;
  /** `cu121` of `2.5.1+cu121`. */
  readonly local: string | undefined;
  readonly wanted: readonly WantedPackage[];
  readonly index: TorchIndex;
}

/** Packages that require torch, with no choice left. */
const needTorch = new Set(
  "torchvision torchaudio sentence-transformers ultralytics easyocr openai-whisper accelerate timm pytorch-lightning lightning torchmetrics fastai open-clip-torch flair stanza kornia peft whisperx pyannote-audio docling stable-baselines3".split(
    " ",
  ),
);

const kept = new WeakMap<Dockerfile, readonly TorchInstall[]>();

/** The installs of a file that bring torch, in order; in each chain of stages those after the first only where they name torch. */
export function torchInstalls(file: Dockerfile, context: LintContext): readonly TorchInstall[] {
  let found = kept.get(file);
  if (found === undefined) {
    found = /pip|uv/.test(file.text) ? file.stages.flatMap((stage) => ofStage(file, stage, context)) : [];
    kept.set(file, found);
  }
  return found;
}

function ofStage(file: Dockerfile, stage: Stage, context: LintContext): TorchInstall[] {
  const found: TorchInstall[] = [];
  // torch that is there already, from the base or an earlier install, serves those that need it.
  let present = (baseOf(stage)?.frameworks.length ?? 0) > 0;
  for (const one of chainOf(stage)) {
    for (const install of packageCommandsOf(file, one.instructions)) {
      if (install.manager === "conda" && install.packages.some(({ name }) => /^(?:py)?torch/.test(name)))
        present = true;
      const wanted = wants(file, install, context);
      const torch = wanted.find(({ name }) => name === "torch");
      const asked = torch ?? (present ? undefined : wanted.find(({ name }) => needTorch.has(name)));
      if (asked === undefined) continue;
      present = true;
      if (one !== stage) continue;
      const [, version, local] =
        /^===?\s*(\d[\w.]*?)(?:\+([\w.]+))?$/.exec(torch?.version.trim() ?? "") ?? [];
      const index = torchIndexOf(file, install, wanted, context);
      found.push({ stage, install, asked, version, local, wanted, index });
    }
  }
  return found;
}

function wants(file: Dockerfile, install: PackageCommand, context: LintContext): WantedPackage[] {
  const { manager, action } = install;
  if (
    (manager === "pip" || manager === "uv-pip") &&
    (action === "install" || install.subcommand === "sync")
  ) {
    const wanted = wantedPackages(file, install, context);
    return hasOption(install, "--no-deps") ? wanted.filter(({ name }) => name === "torch") : wanted;
  }
  if (manager !== "uv" || install.subcommand !== "sync") return [];
  const lock = lockOf(file, context);
  if (lock === undefined || [...install.options.keys()].some((name) => /extra|group|package/.test(name)))
    return [];
  return lockedPackages(lock).filter(({ name }) => name.startsWith("torch"));
}

/** The place of an install in the file: what is asked for, or the command. */
export function placeOfTorch({ asked, install }: TorchInstall): Range {
  return asked.request?.word ?? { start: install.command.start, end: install.command.end };
}

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
