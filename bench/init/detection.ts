/**
 * `node bench/init/detection.ts MIRRORS [SET...]`: what `ddiff init` finds in public repositories beside what somebody found who read them
 * (bench/init/expectations). Prints what is not right; without a SET it also writes docs/init-detection.md.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { detectIn } from "../../src/scaffold/detect.ts";
import { pageOf } from "./detection-page.ts";
import { type Compared, expectationsOf, type SetName, sets } from "./expectations.ts";
import { judge, verdict } from "./judge.ts";
import { mirroredFiles } from "./mirrored.ts";

function compare(mirrors: string, set: SetName): Compared[] {
  return expectationsOf(set).flatMap((read) => {
    const mirrored = mirroredFiles(mirrors, read.repository, read.commit);
    if (mirrored === undefined) {
      process.stderr.write(`${read.repository}: no mirror\n`);
      process.exitCode = 3;
      return [];
    }
    const project = detectIn(mirrored.files, read.repository.split("/")[1]);
    const one = { ...read, ...judge(read.expected, project) };
    const off = one.wrong.map((topic) => `${topic}: ${one.found[topic]}`).join(", ");
    if (one.wrong.length > 0) process.stdout.write(`${verdict(one).padEnd(7)} ${read.repository} ${off}\n`);
    return [one];
  });
}

function main(mirrors: string, chosen: readonly SetName[]): void {
  const compared = new Map(chosen.map((set) => [set, compare(mirrors, set)]));
  for (const [set, list] of compared) {
    const right = list.filter((one) => verdict(one) === "right").length;
    process.stdout.write(`${set}: ${right} of ${list.length} right\n`);
  }
  if (chosen.length === sets.length && process.exitCode === undefined)
    writeFileSync(join(import.meta.dirname, "..", "..", "docs", "init-detection.md"), pageOf(compared));
}

const [mirrors, ...named] = process.argv.slice(2);
if (mirrors === undefined) {
  process.stderr.write("usage: node bench/init/detection.ts MIRRORS [tuned|half-a|half-b...]\n");
  process.exitCode = 2;
} else main(mirrors, named.length === 0 ? sets : sets.filter((set) => named.includes(set)));
