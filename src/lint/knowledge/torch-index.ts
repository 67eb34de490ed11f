import type { Dockerfile } from "../../dockerfile/document.ts";
import type { LintContext } from "../rule.ts";
import type { PackageCommand } from "./installs.ts";
import type { WantedPackage } from "./python-packages.ts";

/** Where an install takes torch from. */
export interface TorchIndex {
  /** `other` for mirrors and wheels of one's own, `unknown` where a variable has no value. */
  readonly kind: "pypi" | "cpu" | "cuda" | "rocm" | "other" | "unknown";
  /** As the index writes it: `cu124`. */
  readonly tag: string | undefined;
  /** Whether nothing else is asked: `--index-url`. */
  readonly only: boolean;
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

/** The index that an install of torch asks: by its options, variables, requirement files or configuration. */
export function torchIndexOf(
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
