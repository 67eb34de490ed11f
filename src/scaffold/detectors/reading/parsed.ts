import { parse as parseTomlText } from "smol-toml";
import { parse as parseYamlText } from "yaml";
import type { Evidence, ProjectFiles } from "../../project.ts";

/** A table of TOML, YAML or JSON. */
export type Table = Readonly<Record<string, unknown>>;

interface Kept {
  readonly values: Map<string, unknown>;
  readonly problems: Evidence[];
}

const kept = new WeakMap<ProjectFiles, Kept>();

/** YAML of this size takes the parser seconds; no environment file is as large. */
const mostYaml = 512 * 1024;

/** A TOML file; undefined where it is not there or broken. */
export function readToml(files: ProjectFiles, path: string): Table | undefined {
  return asTable(readOnce(files, path, (text) => parseTomlText(text)));
}

/** A YAML file; undefined where it is not there or broken. */
export function readYaml(files: ProjectFiles, path: string): Table | undefined {
  return asTable(
    readOnce(files, path, (text) => {
      if (text.length > mostYaml) throw new Error("it is too large");
      return parseYamlText(text) as unknown;
    }),
  );
}

/** A JSON file; undefined where it is not there or broken. */
export function readJson(files: ProjectFiles, path: string): Table | undefined {
  return asTable(readOnce(files, path, (text) => JSON.parse(text) as unknown));
}

/** What could not be read of the files that were asked for so far. */
export function problemsOf(files: ProjectFiles): readonly Evidence[] {
  return keptOf(files).problems;
}

/** Notes once that a file could not be used. */
export function noteProblem(files: ProjectFiles, file: string, says: string): void {
  const { problems } = keptOf(files);
  if (!problems.some((one) => one.file === file && one.says === says)) problems.push({ file, says });
}

function readOnce(files: ProjectFiles, path: string, parse: (text: string) => unknown): unknown {
  const { values } = keptOf(files);
  if (!values.has(path)) values.set(path, parsed(files, path, parse));
  return values.get(path);
}

function parsed(files: ProjectFiles, path: string, parse: (text: string) => unknown): unknown {
  if (!files.has(path)) return undefined;
  const text = files.read(path);
  if (text === undefined) {
    noteProblem(files, path, "is too large or no text, so it was not read");
    return undefined;
  }
  try {
    return parse(text);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : "").split("\n")[0] ?? "";
    noteProblem(files, path, `could not be read: ${reason.slice(0, 200)}`);
    return undefined;
  }
}

function keptOf(files: ProjectFiles): Kept {
  let own = kept.get(files);
  if (own === undefined) kept.set(files, (own = { values: new Map(), problems: [] }));
  return own;
}

/** The value as a table, if it is one. */
function asTable(value: unknown): Table | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : undefined;
}

/** The table that lies under these keys. */
export function tableAt(value: unknown, ...keys: readonly string[]): Table | undefined {
  return asTable(valueAt(value, ...keys));
}

/** The text that lies under these keys. */
export function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = valueAt(value, ...keys);
  return typeof found === "string" ? found : undefined;
}

/** The list that lies under these keys; empty where there is none. */
export function listAt(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...keys);
  return Array.isArray(found) ? (found as unknown[]) : [];
}

/** The texts of a list. */
export function textsAt(value: unknown, ...keys: readonly string[]): readonly string[] {
  return listAt(value, ...keys).filter((one) => typeof one === "string");
}

/** The pairs of the table that lies under these keys. */
export function pairsAt(value: unknown, ...keys: readonly string[]): readonly (readonly [string, unknown])[] {
  return Object.entries(tableAt(value, ...keys) ?? {});
}

function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((at, key) => {
    const table = asTable(at);
    return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
  }, value);
}

/** Evidence with the first line that has all of these words. */
export function evidence(files: ProjectFiles, file: string, says: string, ...words: string[]): Evidence {
  const lines = words.length === 0 ? [] : (files.read(file)?.split("\n") ?? []);
  const at = lines.findIndex((line) => words.every((word) => line.includes(word)));
  return at < 0 ? { file, says } : { file, line: at + 1, says };
}
