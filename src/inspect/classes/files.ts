import type { Package } from "../analysis.ts";
import type { ImageFacts } from "../image-facts.ts";
import type { Placed } from "../image-view.ts";

/** A visible file about which a class is asked. */
export interface AskedFile {
  path: string;
  name: string;
  placed: Placed;
  owner: Package | undefined;
}

type FileRule = (file: AskedFile, facts: ImageFacts) => string | undefined;

/** Smaller files with such an ending are test data and path files. */
const leastWeights = 1 << 20;

const weights: FileRule = ({ placed }) => (placed.content.size >= leastWeights ? "model-weights" : undefined);
const installer: FileRule = ({ path, owner }) =>
  owner === undefined && !/\/(?:_bundled|python-wheels|wheels?)\//.test(path) ? "installers" : undefined;
const object: FileRule = ({ placed }) =>
  placed.content.elf?.kind === "relocatable" ? "object-files" : undefined;
const sourceMap: FileRule = ({ name }) =>
  /\.(?:js|mjs|cjs|css|ts)\.map$/.test(name) ? "source-maps" : undefined;
const debug: FileRule = ({ placed }) => (placed.content.elf === undefined ? undefined : "debug-symbols");
/** Byte code beside its source; without the source it is the program. */
const oldByteCode: FileRule = ({ path }, facts) => (facts.has(path.slice(0, -1)) ? "bytecode" : undefined);
/** Windows' debug symbols lie beside what they are of; else it is a protein. */
const programDatabase: FileRule = ({ path }, facts) =>
  ["dll", "exe", "pyd", "node"].some((ending) => facts.has(path.slice(0, -3) + ending))
    ? "debug-symbols"
    : undefined;
const backup: FileRule = ({ path }) =>
  /^(?:var\/(?:lib\/dpkg|cache\/debconf)\/[^/]+-old|etc\/(?:passwd|group|g?shadow|sub[ug]id)-)$/.test(path)
    ? "system-backups"
    : undefined;

const byEnding: ReadonlyMap<string, FileRule> = new Map<string, FileRule>([
  ["a", () => "static-libraries"],
  ["pyc", oldByteCode],
  ["pyo", oldByteCode],
  ["debug", debug],
  ["dwo", debug],
  ["dwp", debug],
  ["pdb", programDatabase],
  ["map", sourceMap],
  ["o", object],
  ["obj", object],
  ["gcda", () => "object-files"],
  ["gcno", () => "object-files"],
  ["deb", installer],
  ["rpm", installer],
  ["whl", installer],
  ["conda", installer],
  [
    "run",
    ({ owner, placed }) =>
      owner === undefined && placed.content.size >= leastWeights ? "installers" : undefined,
  ],
  ["sh", ({ name, owner }) => (owner === undefined && condaInstaller.test(name) ? "installers" : undefined)],
  ...[
    "safetensors",
    "gguf",
    "ggml",
    "pt",
    "pth",
    "ckpt",
    "onnx",
    "h5",
    "hdf5",
    "keras",
    "tflite",
    "engine",
    "plan",
  ].map((ending): [string, FileRule] => [ending, weights]),
  [
    "bin",
    (file, facts) =>
      /^(?:pytorch_model|model|diffusion_pytorch_model|ggml)\b/.test(file.name)
        ? weights(file, facts)
        : undefined,
  ],
]);
const condaInstaller = /^(?:Miniconda|Miniforge|Mambaforge|Anaconda|Micromamba)\d?-.*\.sh$/;
const systemLogs =
  /^var\/log\/(?:dpkg|alternatives|bootstrap|fontconfig|dnf|yum|hawkey|pacman)[^/]*\.log(?:\.\d+)?(?:\.gz)?$/;

/** What a file's own name and content say, wherever it lies. */
export const fileClass: FileRule = (file, facts) => {
  if (file.placed.content.elf?.kind === "core") return "core-dumps";
  const { name } = file;
  const dot = name.lastIndexOf(".");
  const rule = dot === -1 ? undefined : byEnding.get(name.slice(dot + 1));
  if (rule !== undefined) return rule(file, facts);
  if (name.endsWith("-old") || name.endsWith("-")) return backup(file, facts);
  return undefined;
};

const headerName = /\.(?:h|hh|hpp|hxx|h\+\+|cuh|inc|inl|ipp|tcc|tpp)$/;
const licence = /copyright|licen[cs]e|copying|notice/i;

/** Whether a file is of the class that its folder makes likely: files that programs read stay out. */
export function isLikely(className: string, file: AskedFile, facts: ImageFacts): boolean {
  const { path, name, owner } = file;
  if (className === "temporary-files")
    return owner === undefined && !facts.isNamed(path.split("/", path.startsWith("var/") ? 3 : 2).join("/"));
  if (className === "documentation") return !licence.test(name);
  if (className === "locales") return name !== "locale.alias";
  if (className === "headers") return headerName.test(name) ? name !== "pyconfig.h" : !name.includes(".");
  if (className === "logs") return owner === undefined;
  return true;
}

/** Logs of package managers that lie among the others. */
export function isPackageLog(path: string): boolean {
  return systemLogs.test(path);
}
