import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDockerfile } from "../../src/dockerfile/read.ts";
import { fixText } from "../../src/lint/fix.ts";
import type { LintedFile } from "../../src/lint/lint.ts";
import { findTool } from "../../test/support/tools.ts";
import type { CorpusFile } from "./corpus.ts";
import { lintFiles } from "./in-process.ts";

/** A file of the corpus and what was found in it. */
export interface Examined {
  file: CorpusFile;
  linted: LintedFile;
}

/** Lints files of the corpus in the default profile; a file that throws ends the run with its name. */
export async function examine(files: readonly CorpusFile[]): Promise<Examined[]> {
  const linted = await lintFiles(files.map(({ file }) => file));
  const byPath = new Map(linted.map((one) => [one.absolute, one]));
  return files.map((file) => {
    const linted = byPath.get(file.file);
    if (linted === undefined) throw new Error(`${file.file} was not linted`);
    return { file, linted };
  });
}

/** Rules that threw, with the files they threw on. */
export function crashes(examined: readonly Examined[]): string[] {
  return examined.flatMap(({ file, linted }) =>
    linted.findings
      .filter(({ rule }) => rule.name === "internal-error" || rule.name === "unreadable-file")
      .map(({ message }) => `${file.repository} ${file.path}: ${message}`),
  );
}

/** Findings per file. */
export interface Spread {
  files: number;
  findings: number;
  mean: number;
  median: number;
  most: number;
  /** Of one file, as the default profile reports them. */
  mostReported: number;
  /** Share of files with more than ten. */
  overTen: number;
}

/** How many findings a file has. */
export function spreadOf(examined: readonly Examined[]): Spread {
  const counts = examined.map(({ linted }) => linted.findings.length).sort((a, b) => a - b);
  const findings = counts.reduce((sum, count) => sum + count, 0);
  return {
    files: counts.length,
    findings,
    mean: findings / Math.max(1, counts.length),
    median: counts[counts.length >> 1] ?? 0,
    most: counts.at(-1) ?? 0,
    mostReported: Math.max(0, ...examined.map(({ linted }) => linted.shown.length)),
    overTen: counts.filter((count) => count > 10).length / Math.max(1, counts.length),
  };
}

/** What fixes did to the corpus. */
export interface FixesOnCorpus {
  files: number;
  changed: number;
  mended: number;
  /** Texts that a second run changes again. */
  restless: string[];
  /** Texts that BuildKit took before and refuses now; undefined where its parser is not here. */
  refused: string[] | undefined;
}

/** Applies every fix of a risk in memory, once and once more, and shows the results to BuildKit's parser. */
export function fixAll(examined: readonly Examined[], unsafe: boolean): FixesOnCorpus {
  const result: FixesOnCorpus = {
    files: examined.length,
    changed: 0,
    mended: 0,
    restless: [],
    refused: undefined,
  };
  const pairs: { name: string; before: string; after: string }[] = [];
  for (const { file, linted } of examined) {
    if (linted.recheck === undefined) continue;
    const fixed = fixText(linted.text, linted.recheck, unsafe);
    if (fixed.text === linted.text) continue;
    const name = `${file.repository} ${file.path}`;
    result.changed++;
    result.mended += fixed.applied.length;
    if (fixText(fixed.text, linted.recheck, unsafe).text !== fixed.text) result.restless.push(name);
    if (file.kind === "dockerfile") pairs.push({ name, before: linted.text, after: fixed.text });
  }
  const parser = buildkitParser();
  if (parser !== undefined) {
    const before = refusedBy(
      parser,
      pairs.map((pair) => pair.before),
    );
    const after = refusedBy(
      parser,
      pairs.map((pair) => pair.after),
    );
    result.refused = pairs.flatMap(({ name }, index) =>
      before[index] === undefined && after[index] !== undefined ? [`${name}: ${after[index]}`] : [],
    );
  }
  return result;
}

/** Dockerfiles of which BuildKit's parser and our reader do not say the same: whether a builder takes them. */
export function refusedByOne(parser: string, files: readonly CorpusFile[]): string[] {
  const dockerfiles = files.filter(({ kind }) => kind === "dockerfile");
  const said = refusedBy(
    parser,
    dockerfiles.map(({ text }) => text),
  );
  return dockerfiles.flatMap(({ repository, path, text }, index) => {
    const theirs = said[index];
    const ours = readDockerfile(text).problems[0]?.message;
    if ((theirs === undefined) === (ours === undefined)) return [];
    return [`${repository} ${path}: ${theirs === undefined ? `ours: ${ours}` : `BuildKit's: ${theirs}`}`];
  });
}

/**
 * A program that reads names of files and prints `{"file", "error"}` for each, one a line, made of BuildKit's packages parser and
 * instructions: `DDIFF_BUILDKIT_PARSER`, or buildkit-parse on the PATH.
 */
export function buildkitParser(): string | undefined {
  return process.env["DDIFF_BUILDKIT_PARSER"] ?? findTool("buildkit-parse");
}

/** BuildKit's complaint about each text, undefined where it has none. */
export function refusedBy(parser: string, texts: readonly string[]): (string | undefined)[] {
  const folder = mkdtempSync(join(tmpdir(), "ddiff-buildkit-"));
  try {
    const names = texts.map((text, index) => {
      const name = join(folder, String(index));
      writeFileSync(name, text);
      return name;
    });
    const { stdout, status } = spawnSync(parser, { input: names.join("\n"), maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(`${parser} ended with ${status}`);
    const said = new Map(
      stdout
        .toString()
        .trim()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { file: string; error: string })
        .map(({ file, error }) => [file, error === "" ? undefined : error]),
    );
    return names.map((name) => said.get(name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
