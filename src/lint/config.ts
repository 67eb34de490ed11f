import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { DdiffError, messageOf, systemErrorCode } from "../util/errors.ts";
import type { LintConfig } from "./config-schema.ts";
import { makeGlobs } from "./globs.ts";

export const configName = ".ddiff.yaml";

/** A configuration, read and checked. */
export interface LoadedConfig {
  /** Its path. */
  readonly file: string;
  readonly lint: LintConfig;
  /** Whether `lint.exclude` leaves a path (absolute) out. */
  excludes(path: string): boolean;
  /** The path (absolute) from the configuration's folder on, with `/`. */
  inside(path: string): string;
}

/** Finds the configuration of each file. */
export interface Configs {
  /** Of the files in a folder (absolute); undefined where there is none. Throws `CONFIG_INVALID`. */
  of(folder: string): Promise<LoadedConfig | undefined>;
}

/**
 * `named` is the file of `--config`; without it the nearest `.ddiff.yaml` counts, upwards from a file to the root of its repository, or to `cwd`
 * where it is in none. Throws `CONFIG_INVALID` (exit status 2).
 */
export function openConfigs(named: string | undefined, cwd: string): Configs {
  const byFolder = new Map<string, Promise<LoadedConfig | undefined>>();
  const byFile = new Map<string, Promise<LoadedConfig>>();
  const load = (file: string): Promise<LoadedConfig> => {
    let loading = byFile.get(file);
    if (loading === undefined) byFile.set(file, (loading = loadConfig(file)));
    return loading;
  };
  const find = (folder: string): Promise<LoadedConfig | undefined> => {
    let found = byFolder.get(folder);
    if (found === undefined) {
      const here = join(folder, configName);
      if (isFile(here)) found = load(here);
      else found = isTop(folder, cwd) ? Promise.resolve(undefined) : find(dirname(folder));
      byFolder.set(folder, found);
    }
    return found;
  };
  if (named === undefined) return { of: find };
  const file = resolve(cwd, named);
  return { of: () => load(file) };
}

/** Whether nothing above a folder counts for the files in it. */
function isTop(folder: string, cwd: string): boolean {
  if (exists(join(folder, ".git")) || dirname(folder) === folder) return true;
  if (repositoryOf(folder) !== undefined) return false;
  const within = relative(cwd, folder);
  return within === "" || within.startsWith("..");
}

/** The folder with `.git` at or above a folder (absolute). */
export function repositoryOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (exists(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function loadConfig(file: string): Promise<LoadedConfig> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const missing = systemErrorCode(cause) === "ENOENT";
    throw invalidConfig(file, [missing ? "it is not there" : `it cannot be read: ${messageOf(cause)}`]);
  }
  const { parseConfig } = await import("./config-parse.ts");
  const lint = parseConfig(text, file);
  const folder = dirname(file);
  const inside = (path: string): string => relative(folder, path).split(sep).join("/");
  const excluded = makeGlobs(lint.exclude);
  return { file, lint, inside, excludes: (path) => excluded(inside(path)) };
}

/** `CONFIG_INVALID` with all that is wrong in a configuration's file. */
export function invalidConfig(file: string, problems: readonly string[]): DdiffError {
  return new DdiffError("CONFIG_INVALID", `the configuration in ${file} is wrong: ${problems.join("; ")}`, {
    hint: 'docs/lint-config.md lists every setting; "ddiff lint --list-rules" lists the rules.',
    exitStatus: 2,
  });
}
