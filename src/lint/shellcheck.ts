import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Dockerfile } from "../dockerfile/document.ts";
import { readShell } from "../dockerfile/read-shell.ts";
import type { ShellScript } from "../dockerfile/shell.ts";
import { indexLines, type LineIndex } from "../dockerfile/text.ts";
import { DdiffError, messageOf, systemErrorCode } from "../util/errors.ts";
import type { OutsideReport } from "./check-file.ts";
import { shellcheck } from "./engine-rules.ts";
import type { Level } from "./finding.ts";

/** Scripts for one process: the names of more would not fit its command line. */
const mostScripts = 1000;
/** `busybox` calls its shell ash, which is a dash. */
const dialects: Readonly<Record<string, string>> = {
  sh: "sh",
  bash: "bash",
  dash: "dash",
  ash: "dash",
  ksh: "ksh",
  busybox: "dash",
};
/** That a script has no first line, or reads another one that is not here, says nothing about a RUN. */
const excluded = ["SC1090", "SC1091", "SC2148", "SC2187"];

interface Prepared {
  script: ShellScript;
  /** What is written before the script, in lines. */
  header: string[];
  file: number;
}

/**
 * What ShellCheck says about the scripts of these Dockerfiles, in the order of the files; undefined where it is not installed. Its processes get many
 * scripts each. Throws `SHELLCHECK_FAILED`.
 */
export async function runShellcheck(
  files: readonly Dockerfile[],
  program = "shellcheck",
): Promise<OutsideReport[][] | undefined> {
  const prepared = files.flatMap((file, at) => prepare(file, at));
  const reports: OutsideReport[][] = files.map(() => []);
  for (let from = 0; from < prepared.length; from += mostScripts) {
    const batch = prepared.slice(from, from + mostScripts);
    const comments = await checkBatch(batch, program);
    if (comments === undefined) return undefined;
    for (const comment of comments) {
      const one = batch[Number.parseInt(basename(comment.file), 10)];
      const report = one === undefined ? undefined : reportOf(comment, one);
      if (one !== undefined && report !== undefined) reports[one.file]?.push(report);
    }
  }
  return reports;
}

function prepare(file: Dockerfile, at: number): Prepared[] {
  return file.instructions.flatMap((instruction) => {
    if ((instruction.trigger ?? instruction).keyword !== "RUN") return [];
    const names = [...file.before(instruction).variables.keys()].filter((name) =>
      /^[A-Za-z_]\w*$/.test(name),
    );
    return readShell(file, instruction).flatMap((script) => {
      const dialect = dialects[script.shell];
      if (dialect === undefined || script.ast === undefined || script.text.trim() === "") return [];
      // ENV and ARG are set where the script runs.
      const exported = names.length === 0 ? ":" : `export ${names.join(" ")}`;
      return [{ script, header: [`# shellcheck shell=${dialect}`, exported], file: at }];
    });
  });
}

/** A comment of ShellCheck's format json1. */
interface Comment {
  file: string;
  line: number;
  endLine: number;
  column: number;
  endColumn: number;
  level: string;
  code: number;
  message: string;
}

async function checkBatch(batch: readonly Prepared[], program: string): Promise<Comment[] | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-shellcheck-"));
  try {
    const names = batch.map((_, at) => join(folder, `${at}.sh`));
    for (const [at, one] of batch.entries())
      await writeFile(names[at] ?? "", `${one.header.join("\n")}\n${one.script.text}\n`);
    const output = await run(program, ["--norc", "-f", "json1", "-e", excluded.join(","), "--", ...names]);
    return output === undefined ? undefined : readComments(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (systemErrorCode(error) === "ENOENT") resolve(undefined);
      // 1 is its way to say that it found something.
      else if (error === null || error.code === 1) resolve(stdout);
      else reject(failed(stderr.trim() || messageOf(error), error));
    });
  });
}

function readComments(output: string): Comment[] {
  try {
    const parsed = JSON.parse(output) as { comments?: Comment[] };
    return Array.isArray(parsed.comments) ? parsed.comments : [];
  } catch (error) {
    throw failed(messageOf(error), error);
  }
}

function failed(why: string, cause: unknown): DdiffError {
  return new DdiffError("SHELLCHECK_FAILED", `ShellCheck failed: ${why.split("\n")[0] ?? ""}`, {
    hint: "Run without --shellcheck, or install version 0.7 or newer.",
    cause,
  });
}

const severities: Readonly<Record<string, Level>> = { error: "warning", warning: "warning" };

function reportOf(comment: Comment, { script, header }: Prepared): OutsideReport | undefined {
  if (comment.line <= header.length) return undefined;
  const lines = indexLines(script.text);
  const start = offsetIn(script.text, lines, comment.line - header.length, comment.column);
  const end = offsetIn(script.text, lines, comment.endLine - header.length, comment.endColumn);
  const from = script.offset(start);
  // The offset after the last character may lie behind a line's continuation.
  const till = end > start ? script.offset(end - 1) + 1 : from;
  const code = `SC${comment.code}`;
  return {
    rule: shellcheck,
    severity: severities[comment.level] ?? "info",
    code,
    at: { start: from, end: Math.max(from, till) },
    message: comment.message.replaceAll(/\s+/g, " ").replace(/\.$/, ""),
  };
}

/** ShellCheck counts characters, JavaScript counts halves of those beyond the first plane. */
function offsetIn(text: string, lines: LineIndex, line: number, column: number): number {
  const content = Array.from(lines.line(line))
    .slice(0, column - 1)
    .join("");
  return Math.min(text.length, lines.start(line) + content.length);
}
