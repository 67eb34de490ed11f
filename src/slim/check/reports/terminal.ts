import type { Ink } from "../../../report/ink.ts";
import { printableLine } from "../../../report/text.ts";
import { plural } from "../../../report/words.ts";
import type { CheckReport } from "../compare-checks.ts";
import { type CheckKind, type CheckResult, titleOf } from "../result.ts";
import { countChecks } from "./counts.ts";
import type { ComparedReports } from "./json.ts";

/** Failures of one check so many are shown. */
const mostFailures = 8;
/** Lines of what a failed command wrote. */
const mostLines = 6;

/** What a person reads of one image: how many of each kind passed, then what failed and why, the sentence that matters last. */
export function reportLines(report: CheckReport, ink: Ink): string[] {
  const failed = report.results.filter(({ outcome }) => outcome === "failed");
  return [
    ...kindLines(report, ink),
    ...report.notes.map((note) => ink.paint("dim", `  note: ${printableLine(note)}`)),
    ...failed.flatMap((result) => ["", ...failureLines(result, ink)]),
    "",
    verdict(report, ink),
  ];
}

/** What a person reads of two: what was lost, and why. */
export function comparisonLines({ before, after, comparison }: ComparedReports, ink: Ink): string[] {
  const { lost, gained, kept, never } = comparison;
  const byTitle = new Map(after.results.map((result) => [titleOf(result), result]));
  const names = `${printableLine(before.image)} and ${printableLine(after.image)}, ${after.platform}, with ${runners(before, after)}`;
  const lines = lost.flatMap(({ title, why }) => {
    const now = byTitle.get(title);
    const shown = now === undefined ? undefined : { ...now, failures: why };
    return shown === undefined
      ? [`${ink.paint("red", "lost")} ${printableLine(title)}`]
      : failureLines(shown, ink);
  });
  const notes = [...new Set([...before.notes, ...after.notes])];
  const others = [
    ...(gained.length === 0
      ? []
      : [`${gained.length} that failed before ${gained.length === 1 ? "works" : "work"} now`]),
    ...(never.length === 0 ? [] : [`${never.length} fail or cannot run in both`]),
  ];
  const more = others.length === 0 ? "" : ` (${others.join(", ")})`;
  return [
    names,
    ...notes.map((note) => ink.paint("dim", `  note: ${printableLine(note)}`)),
    ...(lines.length === 0 ? [] : ["", ...lines, ""]),
    lost.length === 0
      ? ink.paint("green", `all ${plural(kept, "check")} that passed before pass now${more}`)
      : ink.paint(
          "red",
          `${plural(lost.length, "check")} of ${lost.length + kept} that worked ${lost.length === 1 ? "does" : "do"} not any more${more}`,
        ),
  ];
}

function runners(before: CheckReport, after: CheckReport): string {
  return before.runner === after.runner ? before.runner : `${before.runner} and ${after.runner}`;
}

function kindLines({ image, platform, runner, results }: CheckReport, ink: Ink): string[] {
  const kinds = new Map<CheckKind, CheckResult[]>();
  for (const result of results) kinds.set(result.kind, [...(kinds.get(result.kind) ?? []), result]);
  const head = `${printableLine(image)}, ${platform}, with ${runner === "none" ? "nothing run" : runner}`;
  return [
    ink.paint("bold", head),
    ...[...kinds].map(([kind, some]) => {
      const { passed, failed, skipped } = countChecks({ results: some });
      const parts = [
        ...(passed === 0 ? [] : [ink.paint("green", `${passed} passed`)]),
        ...(failed === 0 ? [] : [ink.paint("red", `${failed} failed`)]),
        ...(skipped === 0 ? [] : [ink.paint("yellow", `${skipped} left out`)]),
      ];
      return `  ${kind.padEnd(9)} ${parts.join(", ")}`;
    }),
  ];
}

function failureLines(result: CheckResult, ink: Ink): string[] {
  const { failures, stdout, stderr } = result;
  const said = (stderr.trim() === "" ? stdout : stderr).trim();
  const last = said === "" ? [] : said.split("\n").slice(-mostLines);
  return [
    `${ink.paint("red", "✗")} ${printableLine(titleOf(result))}`,
    ...failures.slice(0, mostFailures).map((failure) => `    ${printableLine(failure)}`),
    ...(failures.length > mostFailures ? [`    and ${failures.length - mostFailures} more`] : []),
    ...last.map((line) => ink.paint("dim", `    | ${printableLine(line)}`)),
  ];
}

function verdict(report: CheckReport, ink: Ink): string {
  const { passed, failed, skipped } = countChecks(report);
  const left = skipped === 0 ? "" : `, ${skipped} left out`;
  return failed === 0
    ? ink.paint("green", `${plural(passed, "check")} passed${left}`)
    : ink.paint("red", `${failed} of ${plural(passed + failed, "check")} failed${left}`);
}
