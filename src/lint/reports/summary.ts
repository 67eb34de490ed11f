import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Finding } from "../finding.ts";
import type { LintResult } from "../lint.ts";

/** What a report says in numbers. */
export interface Summary {
  /** Files that were looked at. */
  readonly files: number;
  readonly findings: number;
  readonly filesWithFindings: number;
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
  /** Bytes, estimated. */
  readonly waste: number;
  /** Findings that `ddiff fix` mends, and those that it mends only with `--unsafe`. */
  readonly fixable: number;
  readonly unsafelyFixable: number;
  readonly ignored: number;
  /** Findings of lesser weight that are not reported, in files that have many. */
  readonly held: number;
}

/** Counts what was found. */
export function summarize(result: LintResult): Summary {
  const { findings } = result;
  const count = (fits: (one: Finding) => boolean): number => findings.filter(fits).length;
  return {
    files: result.files.length,
    findings: findings.length,
    filesWithFindings: new Set(findings.map((one) => one.path)).size,
    errors: count((one) => one.severity === "error"),
    warnings: count((one) => one.severity === "warning"),
    infos: count((one) => one.severity === "info"),
    waste: findings.reduce((sum, one) => sum + (one.waste ?? 0), 0),
    fixable: count((one) => one.fix?.risk === "safe"),
    unsafelyFixable: count((one) => one.fix?.risk === "unsafe"),
    ignored: result.ignored.length,
    held: result.held,
  };
}

/** "3.2 GB could go: 12 findings in 3 files (2 errors, 7 warnings, 3 infos)". */
export function headline(summary: Summary): string {
  if (summary.findings === 0) return `no findings in ${plural(summary.files, "file")}`;
  const found = `${plural(summary.findings, "finding")} in ${plural(summary.filesWithFindings, "file")} (${kinds(summary)})`;
  return summary.waste === 0 ? found : `${formatBytes(summary.waste)} could go: ${found}`;
}

function kinds(summary: Summary): string {
  const counts: [number, string][] = [
    [summary.errors, "error"],
    [summary.warnings, "warning"],
    [summary.infos, "info"],
  ];
  return counts
    .filter(([count]) => count > 0)
    .map(([count, word]) => plural(count, word))
    .join(", ");
}

/** What can be done at once about the findings, or nothing. */
export function fixLine(summary: Summary): string | undefined {
  const { fixable, unsafelyFixable } = summary;
  if (fixable + unsafelyFixable === 0) return undefined;
  if (fixable === 0) return `${unsafelyFixable} can be mended by "ddiff fix --unsafe"`;
  const more = unsafelyFixable === 0 ? "" : `, ${unsafelyFixable} more with --unsafe`;
  return `${fixable} can be mended by "ddiff fix"${more}`;
}

/** That files with many findings have more of them, or nothing. */
export function heldLine(held: number): string | undefined {
  return held === 0 ? undefined : `${held} more of lesser weight in files with many: --all shows them`;
}

/** The page of a rule in ddiff's documentation. */
export function rulePage(name: string): string {
  return `docs/rules/${name}.md`;
}
