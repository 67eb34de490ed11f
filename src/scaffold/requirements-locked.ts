import type { ProjectFiles } from "./project.ts";
import { normalName } from "./requirements.ts";
import { noteProblem, pairsAt, readJson, textAt } from "./detectors/reading/parsed.ts";

/** A package of a lock file. */
interface LockedPackage {
  readonly name: string;
  /** `2.9.1+cu128` */
  readonly version: string;
  /** The index or address that it comes from, where the lock file says so. */
  readonly source: string | undefined;
  /** From 1. */
  readonly line: number;
}

/** A lock file's packages, by name; one name has several versions where a platform or an extra decides. */
export type Locked = ReadonlyMap<string, readonly LockedPackage[]>;

/**
 * Reads a lock file line by line: they are made by machines, are often megabytes, and parsing them whole takes seconds. uv.lock,
 * poetry.lock, pdm.lock, pylock.toml, pixi.lock, conda-lock.yml, Pipfile.lock, renv.lock.
 */
export function readLocked(files: ProjectFiles, path: string): Locked {
  const name = path.split("/").at(-1) ?? path;
  const text = files.read(path);
  if (text === undefined) {
    if (files.has(path)) noteProblem(files, path, "is too large or no text, so it was not read");
    return new Map();
  }
  if (name === "Pipfile.lock") return byName(pipfile(files, path));
  if (name === "pixi.lock") return byName(pixi(text));
  if (name.startsWith("conda-lock")) return byName(conda(text));
  if (name === "renv.lock") return byName(renv(files, path));
  return byName(toml(text));
}

function byName(found: Iterable<LockedPackage>): Locked {
  const locked = new Map<string, LockedPackage[]>();
  for (const one of found) {
    const same = locked.get(one.name);
    if (same === undefined) locked.set(one.name, [one]);
    else if (same.length < 20 && !same.some(({ version }) => version === one.version)) same.push(one);
  }
  return locked;
}

function* toml(text: string): Generator<LockedPackage> {
  let name: string | undefined;
  let version: string | undefined;
  let source: string | undefined;
  let line = 0;
  let start = 0;
  let inPackage = false;
  const finished = (): LockedPackage[] =>
    name === undefined || version === undefined ? [] : [{ name, version, source, line: start }];
  for (const raw of text.split("\n")) {
    line++;
    if (raw.startsWith("[")) {
      const isPackage = /^\[\[packages?\]\]/.test(raw);
      if (isPackage) {
        yield* finished();
        name = version = source = undefined;
        start = line;
      }
      inPackage = isPackage || raw.startsWith("[package.source]");
      continue;
    }
    if (!inPackage || /^\s/.test(raw)) continue;
    const pair = /^([a-z]+) = (.*)$/.exec(raw);
    if (pair === null) continue;
    const value = /^"([^"]*)"/.exec(pair[2] ?? "")?.[1];
    if (pair[1] === "name" && value !== undefined) name = normalName(value);
    else if (pair[1] === "version" && value !== undefined) version = value;
    else if (pair[1] === "source" || pair[1] === "url")
      source = /"([^"]*\/[^"]*)"/.exec(pair[2] ?? "")?.[1] ?? source;
  }
  yield* finished();
}

function* pixi(text: string): Generator<LockedPackage> {
  let line = 0;
  let open: { name: string; source: string; line: number } | undefined;
  for (const raw of text.split("\n")) {
    line++;
    const conda = /^- (?:conda|url): (\S+\/([^/\s]+)-([^-/\s]+)-([^-/\s]+)\.(?:conda|tar\.bz2))\s*$/.exec(
      raw,
    );
    if (conda !== null) {
      open = undefined;
      const name = conda[2] === "pytorch" ? "torch" : normalName(conda[2] ?? "");
      yield { name, version: conda[3] ?? "", source: conda[1], line };
      continue;
    }
    const pypi = /^- pypi: (\S+)/.exec(raw)?.[1];
    if (pypi !== undefined) open = { name: "", source: pypi, line };
    if (open === undefined) continue;
    const name = /^ {2}name: (\S+)/.exec(raw)?.[1];
    if (name !== undefined) open.name = normalName(name);
    const version = /^ {2}version: '?([^'\s]+)/.exec(raw)?.[1];
    if (version !== undefined && open.name !== "") yield { ...open, version };
  }
}

function* conda(text: string): Generator<LockedPackage> {
  let line = 0;
  let name: string | undefined;
  for (const raw of text.split("\n")) {
    line++;
    const named = /^(?:- | {2})name: (\S+)/.exec(raw)?.[1];
    if (named !== undefined) name = named === "pytorch" ? "torch" : normalName(named);
    const version = /^ {2}version: '?([^'\s]+)/.exec(raw)?.[1];
    if (version !== undefined && name !== undefined) yield { name, version, source: undefined, line };
  }
}

function* pipfile(files: ProjectFiles, path: string): Generator<LockedPackage> {
  const lock = readJson(files, path);
  for (const part of ["default", "develop"]) {
    for (const [name, about] of pairsAt(lock, part)) {
      const version = textAt(about, "version")?.replace(/^=+/, "");
      const source = textAt(about, "index");
      if (version !== undefined) yield { name: normalName(name), version, source, line: 1 };
    }
  }
}

function* renv(files: ProjectFiles, path: string): Generator<LockedPackage> {
  for (const [name, about] of pairsAt(readJson(files, path), "Packages")) {
    const version = textAt(about, "Version");
    if (version !== undefined) yield { name: name.toLowerCase(), version, source: undefined, line: 1 };
  }
}
