import type { ProjectFiles } from "../../project.ts";
import { argumentOf, closingOf, literalsIn, type PythonLine, scanPython } from "./python-source.ts";

/** What a setup.py says with literals; what it computes stays unknown. */
export interface SetupFile {
  readonly isSetup: boolean;
  readonly name: string | undefined;
  readonly requires: readonly { readonly text: string; readonly line: number }[];
  readonly extras: readonly { readonly group: string; readonly text: string; readonly line: number }[];
  readonly python: { readonly text: string; readonly line: number } | undefined;
  readonly classifiers: readonly string[];
  /** `name = module:function`. */
  readonly scripts: readonly { readonly text: string; readonly line: number }[];
  /** Requirements files that it opens. */
  readonly reads: readonly string[];
  /** What it compiles. */
  readonly compiles: { readonly kind: "cuda" | "c"; readonly line: number } | undefined;
}

const kept = new WeakMap<ProjectFiles, Map<string, SetupFile | undefined>>();

/** Reads a setup.py without running it; undefined where there is none. */
export function readSetup(files: ProjectFiles, path: string): SetupFile | undefined {
  const own = kept.get(files) ?? new Map<string, SetupFile | undefined>();
  kept.set(files, own);
  if (!own.has(path)) {
    const text = files.read(path);
    own.set(path, text === undefined ? undefined : parseSetup(text));
  }
  return own.get(path);
}

/** Reads the text of a setup.py. */
export function parseSetup(text: string): SetupFile {
  const lines = scanPython(text);
  const variables = new Map<string, PythonLine>();
  let call: PythonLine | undefined;
  let compiles: SetupFile["compiles"];
  const reads = new Set<string>();
  for (const line of lines) {
    const name = /^(\w+)(?:\s*:\s*[^=]+)?\s*\+?=\s*[[{("]/.exec(line.code)?.[1];
    if (name !== undefined && !variables.has(name)) variables.set(name, line);
    if (/(?:^|[\s.=])setup\s*\(/.test(line.code) && !line.code.startsWith("def ")) call ??= line;
    if (
      /\b(?:CUDAExtension|CUDA_HOME|cuda_extension|\.cu\b)/.test(line.code) ||
      (/Extension/.test(line.code) && line.strings.some((one) => one.endsWith(".cu")))
    ) {
      if (compiles?.kind !== "cuda") compiles = { kind: "cuda", line: line.line };
    } else if (
      /\b(?:CppExtension|Extension|Pybind11Extension|CMakeExtension|cythonize|RustExtension)\s*\(/.test(
        line.code,
      )
    ) {
      compiles ??= { kind: "c", line: line.line };
    }
    for (const one of line.strings) if (/^[\w./-]*requirements?[\w./-]*\.txt$/.test(one)) reads.add(one);
  }
  const argument = (name: string): { line: PythonLine; part: string } | undefined => {
    const part = call && argumentOf(call.code, name);
    if (call === undefined || part === undefined) return undefined;
    const variable = variables.get(/^\s*(\w+)\s*$/.exec(part)?.[1] ?? "");
    return variable === undefined
      ? { line: call, part }
      : { line: variable, part: variable.code.slice(variable.code.indexOf("=") + 1) };
  };
  const literals = (name: string): { text: string; line: number }[] => {
    const found = argument(name);
    if (found === undefined) return [];
    return literalsIn(found.line, found.part).map((text) => ({ text, line: found.line.line }));
  };
  const listed = argument("install_requires")?.part ?? "";
  // A list that is computed (`[str(one) for one in ...]`) is not this one.
  const isListed = /^\s*[[(]/.test(listed) && !/\bfor\b/.test(listed);
  return {
    isSetup: call !== undefined,
    name: literals("name")[0]?.text,
    requires: isListed ? literals("install_requires") : [],
    extras: extrasOf(argument("extras_require")),
    python: literals("python_requires")[0],
    classifiers: literals("classifiers").map(({ text }) => text),
    scripts: literals("entry_points").filter(({ text }) => /^[\w.-]+\s*=\s*[\w.]+:[\w.]+/.test(text)),
    reads: [...reads],
    compiles,
  };
}

function extrasOf(found: { line: PythonLine; part: string } | undefined): SetupFile["extras"] {
  if (found === undefined) return [];
  return [...found.part.matchAll(/"(\d+)"\s*:\s*[[(]/g)].flatMap((match) => {
    const open = match.index + match[0].length - 1;
    const group = found.line.strings[Number(match[1])] ?? "";
    const inside = found.part.slice(open, closingOf(found.part, open));
    return literalsIn(found.line, inside).map((text) => ({ group, text, line: found.line.line }));
  });
}
