import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "../../test/support/tools.ts";
import { workPath } from "../images/places.ts";
import { type Cost, measure, Unmeasured } from "../measure.ts";
import type { CorpusFile } from "./corpus.ts";

/** A linter on the command line; `$list` names a file with names of Dockerfiles, one a line. */
interface Linter {
  title: string;
  /** Its program, undefined where it is not here. */
  program: string | undefined;
  lint: string;
}

/** What one linter cost: the run with the least wall time. */
export interface Speed {
  title: string;
  thousand: Cost | string;
  one: Cost | string;
}

const repository = join(import.meta.dirname, "..", "..");
/** With findings all of them end with 1, and xargs with 123. */
const tolerant = "|| { status=$?; [ $status -eq 1 ] || [ $status -eq 123 ]; }";
const linters: readonly Linter[] = [
  {
    title: "**ddiff** (npm package, Node 24)",
    program: process.execPath,
    lint: `"${process.execPath}" "${join(repository, "dist", "ddiff.js")}" lint --format json`,
  },
  linter("hadolint", "--no-fail -f json"),
  linter("tally", "lint --no-config --slow-checks=off -f json"),
];

/** A program by its variable (`DDIFF_HADOLINT`) or on the PATH. */
function linter(name: string, options: string): Linter {
  const program = process.env[`DDIFF_${name.toUpperCase()}`] ?? findTool(name);
  return { title: name, program, lint: `"${program}" ${options}` };
}

/**
 * Lints the same Dockerfiles, and the smallest of them alone, with each linter, in turns; the best of `rounds`. The files lie in
 * folders of their own, so that nobody looks through a repository for a build context.
 */
export async function measureSpeed(files: readonly CorpusFile[], rounds: number): Promise<Speed[]> {
  const folder = workPath("lint-speed");
  const names = files.map(({ file }, index) => {
    const name = join(folder, "files", String(index), "Dockerfile");
    mkdirSync(join(name, ".."), { recursive: true });
    copyFileSync(file, name);
    return name;
  });
  const smallest = files.reduce(
    (least, file, at) => (file.text.length < least.size ? { size: file.text.length, at } : least),
    {
      size: Infinity,
      at: 0,
    },
  );
  const lists = { thousand: names, one: [names[smallest.at] ?? ""] };
  for (const [name, list] of Object.entries(lists)) writeFileSync(join(folder, name), list.join("\n"));
  const speeds: Speed[] = linters.map(({ title }) => ({
    title,
    thousand: "not installed",
    one: "not installed",
  }));
  try {
    for (let round = 0; round < rounds; round++)
      for (const [index, { program, lint }] of linters.entries()) {
        const speed = speeds[index];
        if (program === undefined || speed === undefined) continue;
        for (const what of ["thousand", "one"] as const)
          speed[what] = better(
            speed[what],
            await cost(`xargs -s 1000000 -n 5000 -a ${what} ${lint} > /dev/null ${tolerant}`, folder),
          );
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return speeds;
}

async function cost(script: string, folder: string): Promise<Cost | string> {
  try {
    return await measure(script, folder, { NO_COLOR: "1" }, 300);
  } catch (error) {
    if (error instanceof Unmeasured) return error.message;
    throw error;
  }
}

function better(a: Cost | string, b: Cost | string): Cost | string {
  if (typeof a === "string") return b;
  return typeof b === "string" || a.wall <= b.wall ? a : b;
}
