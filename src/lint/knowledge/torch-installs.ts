import { readImageName } from "../../catalog/image-name.ts";
import { cudaOfIndex } from "../../catalog/cuda.ts";
import { findTorch, torchDefaults } from "../../catalog/torch.ts";
import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import type { LintContext } from "../rule.ts";
import { chainOf, instructionsOf } from "./bases.ts";
import { hasOption, type PackageCommand, packageCommandsOf } from "./installs.ts";
import { wantedPackages } from "./python-packages.ts";
import { rootImage } from "./variables.ts";

/** A torch that a stage gets as a wheel. */
export interface TorchInstall {
  /** `2.5.1`; undefined where none is written, or a range. */
  readonly version: string | undefined;
  /** `12.4`; `cpu`; undefined where it cannot be said: other indexes, ROCm. */
  readonly cuda: string | undefined;
  /** Where it is asked for. */
  readonly at: Range;
  /** `torch 2.5.1 from PyPI`, `torch of the cu121 index`, `pytorch/pytorch:2.1.0-...`: for messages. */
  readonly said: string;
  /** Undefined where the base image brings it. */
  readonly install: PackageCommand | undefined;
}

/** The CUDA that an unpinned `pip install torch` brings in these years; only its major number is of use. */
const newestDefault = "13.0";

/** What a stage, and those that it stands on, install as torch by pip, in order; requirements files of the context are read. */
export function torchInstalls(file: Dockerfile, stage: Stage, context: LintContext): TorchInstall[] {
  const found: TorchInstall[] = [];
  for (const install of packageCommandsOf(file, instructionsOf(stage))) {
    if ((install.manager !== "pip" && install.manager !== "uv-pip") || install.action !== "install") continue;
    if (hasOption(install, "--no-deps", "--no-index", "--dry-run", "--target", "-t")) continue;
    const wanted = wantedPackages(file, install, context).find(({ name }) => name === "torch");
    if (wanted === undefined) continue;
    const word = wanted.request?.word;
    if (word !== undefined && !word.literal) continue;
    const written = /^={2,3}\s*(\d+\.\d+(?:\.\d+)?)(?:\+(\w+))?$/.exec(wanted.version);
    const version = written?.[1];
    const build = buildOf(file, install, written?.[2]);
    const cuda = build === "pypi" ? pypiCuda(version, wanted.version) : build;
    const at =
      word ?? install.files.find((one) => one.value.includes(wanted.file?.split("/").at(-1) ?? "\0"));
    const place = at ?? install.command.nameWord ?? install.command;
    const number = version === undefined ? "torch" : `torch ${version}`;
    const said = build === "pypi" ? `${number} from PyPI` : number;
    found.push({ version, cuda, at: place, said, install });
  }
  return found;
}

/** The torch of a `pytorch/pytorch` base, as its tag says; the first number is torch, then comes its CUDA. */
export function torchOfBase(stage: Stage): TorchInstall | undefined {
  const image = rootImage(stage);
  const read = image === undefined ? undefined : readImageName(image);
  if (image === undefined || read?.name !== "pytorch/pytorch") return undefined;
  const match = /^(\d+\.\d+\.\d+)-cuda(\d+\.\d+)/.exec(read.tag ?? "");
  const at = chainOf(stage)[0]?.image;
  if (match === null || at === undefined) return undefined;
  return { version: match[1], cuda: match[2], at, said: image, install: undefined };
}

/** A CUDA, `cpu`, `pypi`, or undefined for builds that are not known. */
function buildOf(file: Dockerfile, install: PackageCommand, local: string | undefined): string | undefined {
  if (local !== undefined) return local === "cpu" ? "cpu" : cudaOfIndex(local);
  const { variables } = file.before(install.instruction);
  const variable = (name: string): string | undefined =>
    install.command.assignments.get(name) ?? (variables.has(name) ? (variables.get(name) ?? "$") : undefined);
  const backend = install.options.get("--torch-backend") ?? variable("UV_TORCH_BACKEND");
  if (typeof backend === "string") return backend === "cpu" ? "cpu" : cudaOfIndex(backend);
  const places = [
    ...["-i", "--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links"].map(
      (name) => install.options.get(name),
    ),
    ...[
      "PIP_INDEX_URL",
      "PIP_EXTRA_INDEX_URL",
      "PIP_FIND_LINKS",
      "UV_INDEX_URL",
      "UV_DEFAULT_INDEX",
      "UV_INDEX",
    ].map(variable),
    variable("UV_EXTRA_INDEX_URL"),
  ].filter((one): one is string => typeof one === "string" && one !== "");
  // Names in requirements files are beyond what is read here.
  if (places.length === 0)
    return install.files.some((word) => mentionsIndex(word.value)) ? undefined : "pypi";
  const named = places.map((place) => /\/whl\/(?:test\/|nightly\/)?(cpu|cu\d{2,3})\b/.exec(place)?.[1]);
  const first = named.find((one) => one !== undefined);
  if (first === "cpu") return "cpu";
  if (first !== undefined) return cudaOfIndex(first);
  return places.every((place) => /^https:\/\/pypi\.org\/simple\/?$/.test(place)) ? "pypi" : undefined;
}

function mentionsIndex(path: string): boolean {
  return /^(?:https?|git)/.test(path);
}

function pypiCuda(version: string | undefined, written: string): string | undefined {
  if (version !== undefined) return torchDefaults(version)?.cuda;
  return written === "" ? newestDefault : undefined;
}

/** Whether a torch brings CUDA's libraries as wheels or within its own: every build with CUDA since 1.0 does. */
export function bringsCuda({ cuda, version }: TorchInstall): boolean {
  return cuda !== undefined && cuda !== "cpu" && (version === undefined || findTorch(version) !== undefined);
}
