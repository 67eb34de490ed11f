import { dirname, relative, resolve, sep } from "node:path";
import { nearestConfig, readConfigText } from "../config/find.ts";
import type { LintConfig } from "./config-schema.ts";
import { makeGlobs } from "./globs.ts";

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
      const file = nearestConfig(folder, cwd);
      found = file === undefined ? Promise.resolve(undefined) : load(file);
      byFolder.set(folder, found);
    }
    return found;
  };
  if (named === undefined) return { of: find };
  const file = resolve(cwd, named);
  return { of: () => load(file) };
}

async function loadConfig(file: string): Promise<LoadedConfig> {
  const text = readConfigText(file);
  const { parseConfig } = await import("./config-parse.ts");
  const lint = parseConfig(text, file);
  const folder = dirname(file);
  const inside = (path: string): string => relative(folder, path).split(sep).join("/");
  const excluded = makeGlobs(lint.exclude);
  return { file, lint, inside, excludes: (path) => excluded(inside(path)) };
}
