import type { ProjectFiles } from "../../project.ts";
import { normalName } from "../../requirements.ts";
import { baseOf } from "./base.ts";

/** What the README tells people to type. */
export interface ReadmeFacts {
  /** Scripts (`tools/train.py`) and modules (`pkg.train`) that it runs, with their order. */
  readonly programs: ReadonlyMap<string, number>;
  /** Extras of the first command that installs the project: `pip install -e ".[train]"`. */
  readonly extras: ReadonlySet<string>;
  /** Packages that it installs by their names, as normal names: a library's README installs the library. */
  readonly packages: ReadonlySet<string>;
}

const mostText = 400_000;
const mostLine = 2_000;

const kept = new WeakMap<ProjectFiles, ReadmeFacts>();

/** Reads the README of the project's folder, then that of the root. */
export function readmeFacts(files: ProjectFiles): ReadmeFacts {
  let own = kept.get(files);
  if (own === undefined) kept.set(files, (own = readReadmes(files)));
  return own;
}

/** The paths of the project's READMEs, that of its own folder first. */
export function readmePaths(files: ProjectFiles): string[] {
  return [...new Set([baseOf(files), ""])].flatMap((folder) =>
    files.list
      .map(({ path }) => path)
      .filter((path) => path.startsWith(folder) && isReadme(path.slice(folder.length))),
  );
}

function isReadme(name: string): boolean {
  return /^README(?:\.(?:md|rst|txt))?$/i.test(name);
}

function readReadmes(files: ProjectFiles): ReadmeFacts {
  const programs = new Map<string, number>();
  const packages = new Set<string>();
  let extras: ReadonlySet<string> | undefined;
  for (const path of readmePaths(files)) {
    const text = (files.read(path) ?? "").slice(0, mostText).replace(/\\\r?\n\s*/g, " ");
    for (const raw of text.split("\n")) {
      const line = raw.slice(0, mostLine);
      for (const program of programsIn(line))
        if (!programs.has(program)) programs.set(program, programs.size);
      extras ??= extrasIn(line);
      for (const name of packagesIn(line)) packages.add(normalName(name));
    }
  }
  return { programs, extras: extras ?? new Set(), packages };
}

/** Scripts and modules that a line runs with Python or a launcher of it. */
function programsIn(line: string): string[] {
  const start = line.search(/\b(?:python3?(?:\.\d+)?|torchrun|accelerate\s+launch|deepspeed|mpirun|srun)\s/);
  if (start < 0) return [];
  const words = line
    .slice(start)
    .split(/[\s`"']+/)
    .map((word) => word.replaceAll("\\", "/"));
  const script = words.findIndex((word) => /^[\w./-]+\.py$/.test(word));
  const option = words.indexOf("-m");
  const module = words[option + 1] ?? "";
  const isLauncher = /^(?:torch|pip|venv|http|ipykernel|zipfile|unittest|pytest|build)(?:\.|$)/.test(module);
  const isModule = option >= 0 && (script < 0 || option < script) && /^[A-Za-z_][\w.]*$/.test(module);
  if (isModule && !isLauncher) return [module];
  return script < 0 ? [] : [(words[script] ?? "").replace(/^\.\//, "")];
}

/** The extras of a command that installs a project; undefined where the line has no such command. */
function extrasIn(line: string): ReadonlySet<string> | undefined {
  const installs =
    /\b(?:pip3?|uv pip)\s+install\s+(.*)|\b(?:uv|pdm)\s+sync\s?(.*)|\bpoetry\s+install\s?(.*)/.exec(line);
  if (installs === null) return undefined;
  const [, asked, ...others] = installs;
  if (asked !== undefined) {
    const first = asked.split(/\s+/).find((word) => !word.startsWith("-")) ?? "";
    // Tools and lists that are installed first say nothing of the project.
    if (/^["'`]?(?:pip|setuptools|wheel|uv|poetry|pdm|torch\w*)\b/.test(first)) return undefined;
    return new Set(listed(/\[([\w\s,.-]+)\]/.exec(asked)?.[1] ?? ""));
  }
  const options = others.join(" ");
  return new Set(
    [
      ...options.matchAll(/(?:--extras?|-E|-G|--group)[ =]["']?([\w ,.-]+?)["']?(?=\s+-|\s*[`"']|\s*$)/g),
    ].flatMap((match) => listed(match[1] ?? "")),
  );
}

function listed(names: string): string[] {
  return names.split(/[\s,]+/).filter(Boolean);
}

/** The packages that a line installs by name. */
function packagesIn(line: string): string[] {
  const [, asked = ""] = /\b(?:pip3?|uv pip)\s+install\s+([^|&;#`]*)/.exec(line) ?? [];
  return asked
    .split(/\s+/)
    .flatMap((word) => /^["']?([A-Za-z][\w.-]*)(?:\[[\w,.-]*\])?(?:[=<>~!].*)?["']?$/.exec(word)?.[1] ?? []);
}
