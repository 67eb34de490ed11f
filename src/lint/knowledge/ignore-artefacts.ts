import type { IgnoreFile, IgnorePattern } from "../../dockerfile/ignore-file.ts";
import type { LintContext } from "../rule.ts";

/** Made again by machines, wherever they stand: nobody copies them into an image on purpose. */
const caches =
  /^(?:__pycache__|\*\.py\[(?:co|cod|cdo|oc)\]|\*\.py[cod]|\*\.pyo|\.ipynb_checkpoints|\.DS_Store|Thumbs\.db|\*\.egg-info|\*\.sw[po]|\*~)$/;
/** Weights and arrays. */
const weights =
  /^\*\.(?:pt|pth|ckpt|onnx|safetensors|gguf|ggml|pkl|pickle|joblib|h5|hdf5|keras|tflite|engine|plan|trt|npy|npz|pb|mlmodel|mar|nemo)$/;

/** Folders and files that a build has no use for, with what they are. */
export const artefacts: readonly { readonly name: RegExp; readonly what: string }[] = [
  {
    name: /(?:^|\/)(?:(?:\.venv|venv|\.[tn]ox\/[^/]+)\/(?:bin\/|lib\/|lib64\/|Scripts\/|pyvenv\.cfg$)|\.pixi\/envs\/)/,
    what: "virtual environments",
  },
  { name: /(?:^|\/)node_modules\//, what: "node_modules" },
  { name: /^(?:wandb|mlruns|lightning_logs|tb_logs|runs|outputs|multirun)\//, what: "experiment logs" },
  { name: /(?:^|\/)(?:checkpoints|ckpts)\//, what: "checkpoints" },
  { name: /\.(?:pt|pth|ckpt|onnx|safetensors|gguf|h5|tflite|engine)$/, what: "weights" },
  // Code that fetches or reads data stands in folders of that name as often.
  {
    name: /^(?:data|datasets?)\/(?!(?:.*\/)?(?:[^./]+|\.[^/]*|[^/]*\.(?:py|pyi|ipynb|sh|bash|md|rst|ya?ml|toml|cfg|ini|c|cc|cpp|cu|h|hpp|js|ts|go|rs|java|proto|Dockerfile))$)/i,
    what: "data sets",
  },
  {
    name: /(?:^|\/)(?:__pycache__|\.mypy_cache|\.ruff_cache|\.pytest_cache|\.ipynb_checkpoints)\//,
    what: "caches",
  },
];

/** Patterns of caches or weights that hold only at the root, though such files stand everywhere. */
export function anchoredPatterns(file: IgnoreFile, kind: "caches" | "weights"): IgnorePattern[] {
  const names = kind === "caches" ? caches : weights;
  return file.patterns.filter((one) => {
    // Who writes a slash in front means the root.
    if (one.negated || one.raw.startsWith("/") || one.raw.startsWith("./") || !names.test(one.pattern))
      return false;
    const example = `folder/inner/${one.pattern.replace(/\[.*\]/, "c").replace("*", "x")}`;
    return !file.ignores(example);
  });
}

/** The files of the context that would be left out, were the patterns meant for every folder: how many, and their bytes. */
export function slipThrough(
  file: IgnoreFile,
  patterns: readonly IgnorePattern[],
  context: LintContext,
): { readonly count: number; readonly bytes: number } {
  const names = patterns.map(({ pattern }) => {
    const source = pattern.replaceAll(/[.~]/g, "\\$&").replaceAll("*", "[^/]*");
    return new RegExp(`(?:^|/)${source}(?:/|$)`);
  });
  let count = 0;
  let bytes = 0;
  for (const { path, size } of context.files ?? []) {
    if (!names.some((name) => name.test(path)) || file.ignores(path)) continue;
    count += 1;
    bytes += size;
  }
  return { count, bytes };
}

/** `1 file`, `3 files`. */
export function filesOf(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}

/** `a`, `a and b`, `a and 3 more`. */
export function namesOf(patterns: readonly IgnorePattern[]): string {
  const [first, second, ...more] = patterns.map((one) => one.raw);
  if (second === undefined) return first ?? "";
  return more.length === 0 ? `${first} and ${second}` : `${first} and ${more.length + 1} more`;
}
