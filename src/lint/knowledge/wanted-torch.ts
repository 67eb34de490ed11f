import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import type { LintContext } from "../rule.ts";
import { baseOf, chainOf } from "./bases.ts";
import { hasOption, type PackageCommand, packageCommandsOf } from "./installs.ts";
import { type WantedPackage, wantedPackages } from "./python-packages.ts";
import { lockedPackages, lockOf } from "./uv-lock.ts";

/** Where an install takes torch from. */
interface TorchIndex {
  /** `other` for mirrors and wheels of one's own, `unknown` where a variable has no value. */
  readonly kind: "pypi" | "cpu" | "cuda" | "rocm" | "other" | "unknown";
  /** As the index writes it: `cu124`. */
  readonly tag: string | undefined;
  /** Whether nothing else is asked: `--index-url`. */
  readonly only: boolean;
}

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
      const index = indexOf(file, install, wanted, context);
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

const indexOptions = [
  "-i",
  "--index-url",
  "--default-index",
  "--extra-index-url",
  "--index",
  "-f",
  "--find-links",
];
const indexVariables =
  "PIP_INDEX_URL UV_DEFAULT_INDEX UV_INDEX_URL PIP_EXTRA_INDEX_URL UV_EXTRA_INDEX_URL UV_INDEX PIP_FIND_LINKS UV_FIND_LINKS".split(
    " ",
  );

function indexOf(
  file: Dockerfile,
  install: PackageCommand,
  wanted: readonly WantedPackage[],
  context: LintContext,
): TorchIndex {
  const { variables } = file.before(install.instruction);
  const { assignments } = install.command;
  const named: { name: string; value: string }[] = [];
  for (const name of indexOptions) {
    const value = install.options.get(name);
    if (typeof value === "string") named.push({ name, value });
  }
  for (const name of indexVariables) {
    const value = assignments.get(name) ?? variables.get(name);
    if (value !== undefined && value !== "") named.push({ name, value });
    // A variable of which only the name is known may be anything; an export in the script as well.
    else if (variables.has(name) || install.script.text.includes(`${name}=`)) return unknown;
  }
  for (const path of new Set(wanted.map((one) => one.file))) {
    const text = path === undefined ? "" : (context.read(path) ?? "");
    for (const match of text.matchAll(/^\s*(-i|-f|--(?:extra-)?index-url|--find-links)[ =]\s*(\S+)/gm))
      named.push({ name: match[1] ?? "", value: match[2] ?? "" });
    if (/^\s*(?:torch\s*@|https?:\S*torch)/m.test(text)) return { ...unknown, kind: "other" };
  }
  const backend =
    install.options.get("--torch-backend") ??
    assignments.get("UV_TORCH_BACKEND") ??
    variables.get("UV_TORCH_BACKEND");
  if (backend !== undefined)
    return typeof backend === "string" && !backend.includes("$") ? ofTag(backend, true) : unknown;
  // pip config set global.index-url, pip.conf, uv.toml.
  if (/pip\S* config|pip\.conf|uv\.toml/.test(file.text)) return unknown;
  if (named.length === 0) return { kind: "pypi", tag: undefined, only: true };
  if (named.some(({ value }) => value.includes("$"))) return unknown;
  for (const { name, value } of named) {
    const tag = /pytorch\.org\/whl\/(?:nightly\/|test\/)?(cpu|cu\d+|rocm[\d.]+|xpu)/.exec(value)?.[1];
    if (tag !== undefined)
      return ofTag(
        tag,
        /^(?:-i|--index-url|--default-index|\w+_INDEX_URL|UV_DEFAULT_INDEX)$/.test(name) &&
          !name.includes("EXTRA"),
      );
  }
  const plain = named.every(({ value }) => /pypi\.org\/simple|files\.pythonhosted/.test(value));
  return { kind: plain ? "pypi" : "other", tag: undefined, only: true };
}

const unknown: TorchIndex = { kind: "unknown", tag: undefined, only: false };

function ofTag(tag: string, only: boolean): TorchIndex {
  if (tag === "cpu") return { kind: "cpu", tag, only };
  if (/^cu\d/.test(tag)) return { kind: "cuda", tag, only };
  return { kind: tag.startsWith("rocm") ? "rocm" : "other", tag, only };
}
