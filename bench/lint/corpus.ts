/**
 * The corpus of real files. Its list (repository, commit, path, SHA-256) is bench/lint/corpus.json; the files belong to others and
 * are never committed. `node bench/lint/corpus.ts fill MIRRORS` writes them into bench/work/.lint-corpus from a folder of mirrored
 * git repositories; `node bench/lint/corpus.ts list MIRRORS` makes the list anew from the mirrors' newest commits.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { workFolder } from "../images/places.ts";
import { type Kind, kindOf, isProjectFile, looksReal } from "./kinds.ts";
import { openMirror } from "./mirror.ts";
import { type Group, sources } from "./sources.ts";

/** The files of one repository, by path, with the SHA-256 of their bytes. */
interface Listed {
  repository: string;
  commit: string;
  group: Group;
  files: [path: string, sha256: string][];
}

/** A file of the corpus as it lies on this disk. */
export interface CorpusFile {
  repository: string;
  commit: string;
  group: Group;
  kind: Kind;
  /** In its repository. */
  path: string;
  sha256: string;
  text: string;
  /** The copy of the repository, and the file there. */
  root: string;
  file: string;
}

/** Rules read no larger files of a build context, but for those that say what a project needs. */
const mostRead = 64 * 1024;

const list = join(import.meta.dirname, "corpus.json");

/** Where `fill` writes. The dot keeps tools that look through bench/, the compiler first, out of its 137,000 files. */
export const corpusFolder = join(workFolder, ".lint-corpus");

/** The committed list. */
function listCorpus(): Listed[] {
  return JSON.parse(readFileSync(list, "utf8")) as Listed[];
}

/** The files that are there; none before `fill`. Files that are not those of the list are an error. */
export function readCorpus(): CorpusFile[] {
  if (!existsSync(corpusFolder)) return [];
  return listCorpus().flatMap(({ repository, commit, group, files }) => {
    const root = join(corpusFolder, repository.replace("/", "+"));
    return files.flatMap(([path, sha256]) => {
      const file = join(root, path);
      const kind = kindOf(path);
      if (kind === undefined || !existsSync(file)) return [];
      const bytes = readFileSync(file);
      if (digest(bytes) !== sha256)
        throw new Error(`${file} is not the file of the list: fill the corpus anew`);
      return [{ repository, commit, group, kind, path, sha256, text: bytes.toString("utf8"), root, file }];
    });
  });
}

/** Lists what the mirrors hold now: each content once, at most 1 MiB. */
function makeList(mirrors: string): void {
  const seen = new Set<string>();
  const listed: Listed[] = [];
  for (const { repository, group, most } of sources) {
    const mirror = openMirror(mirrors, repository);
    if (mirror === undefined) {
      process.stderr.write(`${repository}: no mirror\n`);
      continue;
    }
    const entries = mirror
      .entries()
      .filter(({ path, size }) => kindOf(path) !== undefined && size > 0 && size < 2 ** 20);
    const texts = mirror.read(entries);
    let files: [string, string][] = [];
    entries.forEach(({ path }, index) => {
      const bytes = texts[index] ?? Buffer.alloc(0);
      const sha256 = digest(bytes);
      if (seen.has(sha256) || !looksReal(kindOf(path), bytes.toString("utf8"))) return;
      seen.add(sha256);
      files.push([path, sha256]);
    });
    if (most !== undefined && files.length > most) {
      const step = files.length / most;
      files = Array.from({ length: most }, (_, index) => files[Math.floor(index * step)] ?? ["", ""]);
    }
    if (files.length > 0) listed.push({ repository, commit: mirror.commit, group, files });
  }
  writeFileSync(list, `[\n${listed.map(listedLine).join(",\n")}\n]\n`);
  const count = (group: Group, kind: Kind): number =>
    listed
      .filter((one) => one.group === group)
      .flatMap(({ files }) => files)
      .filter(([path]) => kindOf(path) === kind).length;
  for (const group of ["ml", "docker", "fixture"] as const)
    for (const kind of ["dockerfile", "compose", "ignore"] as const)
      process.stdout.write(`${group} ${kind}: ${count(group, kind)}\n`);
}

/** One line a file, so that a change of the list can be read. */
function listedLine({ repository, commit, group, files }: Listed): string {
  const head = JSON.stringify({ repository, commit, group }).slice(0, -1);
  return `${head},"files":[\n${files.map((file) => ` ${JSON.stringify(file)}`).join(",\n")}]}`;
}

/**
 * Writes the repositories of the list as rules see them: every path with its size, so that build contexts are whole; only what rules
 * read has its contents, the rest takes no room.
 */
function fill(mirrors: string): void {
  rmSync(corpusFolder, { recursive: true, force: true });
  mkdirSync(corpusFolder, { recursive: true });
  for (const { repository, commit } of listCorpus()) {
    const mirror = openMirror(mirrors, repository, commit);
    if (mirror === undefined) {
      process.stderr.write(`${repository}: no mirror\n`);
      continue;
    }
    const entries = mirror.entries();
    const read = entries.filter(
      ({ path, size }) =>
        size <= mostRead || (size < 2 ** 20 && (kindOf(path) !== undefined || isProjectFile(path))),
    );
    const folders = new Set<string>();
    const root = join(corpusFolder, repository.replace("/", "+"));
    // What marks the root of a repository: rules look no further up for its build contexts.
    mkdirSync(join(root, ".git"), { recursive: true });
    const write = (path: string, bytes: Buffer | number): void => {
      const file = join(root, path);
      const folder = dirname(file);
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
      folders.add(folder);
      writeFileSync(file, typeof bytes === "number" ? "" : bytes);
      if (typeof bytes === "number") truncateSync(file, bytes);
    };
    for (let at = 0; at < read.length; at += 1000) {
      const part = read.slice(at, at + 1000);
      const texts = mirror.read(part);
      part.forEach(({ path }, index) => write(path, texts[index] ?? Buffer.alloc(0)));
    }
    const written = new Set(read);
    for (const entry of entries) if (!written.has(entry)) write(entry.path, entry.size);
  }
  process.stdout.write(`${readCorpus().length} files in ${corpusFolder}\n`);
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

if (import.meta.main) {
  const [command, mirrors] = process.argv.slice(2);
  if (mirrors === undefined || (command !== "list" && command !== "fill")) {
    process.stderr.write("usage: node bench/lint/corpus.ts fill|list MIRRORS\n");
    process.exitCode = 2;
  } else if (command === "list") makeList(mirrors);
  else fill(mirrors);
}
