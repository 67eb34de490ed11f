import type { Range } from "../dockerfile/text.ts";
import { messageOf } from "../util/errors.ts";
import { ignoreWithoutReason, internalError, syntaxError, unusedIgnore } from "./engine-rules.ts";
import { byPlace, type Finding, type IgnoredFinding, type Level } from "./finding.ts";
import { makeFingerprints } from "./fingerprint.ts";
import { type Ignore, type Ignores, isBuildkitCheck, readIgnores, silences } from "./ignores.ts";
import type { Document } from "./kinds.ts";
import type { LintContext, Report, Rule, RuleInfo, Severity } from "./rule.ts";
import { levelOf, type Settings } from "./settings.ts";

/** What was found in one file. */
export interface Checked {
  /** In the order of their places. */
  readonly findings: readonly Finding[];
  readonly ignored: readonly IgnoredFinding[];
}

/** A finding of ShellCheck, or of whoever else looked at the file. */
export interface OutsideReport extends Report {
  readonly rule: RuleInfo;
  readonly severity: Level;
  readonly code: string;
}

interface Raw extends Report {
  rule: RuleInfo;
  severity: Level;
  code?: string;
}

/**
 * Runs the rules of a file's kind over it. Never throws: a rule that does is a finding of its own. Where a file cannot be read to its end, only
 * what is found before that place counts.
 */
export function checkFile(
  document: Document,
  settings: Settings,
  context: LintContext,
  outside: readonly OutsideReport[] = [],
): Checked {
  const found: Raw[] = [];
  for (const [rule, severity] of settings.rules[document.kind])
    runRule(rule, severity, document, context, found);
  found.push(...outside);
  const kept = onlyBeforeProblems(document, found);
  return weigh(document, kept, readIgnores(document), settings, context.path);
}

function runRule(rule: Rule, severity: Level, document: Document, context: LintContext, found: Raw[]): void {
  const before = found.length;
  const report = (finding: Report): void => {
    found.push({ ...finding, rule, severity });
  };
  try {
    if (rule.kind === "dockerfile" && document.kind === "dockerfile") rule.check(document, report, context);
    else if (rule.kind === "compose" && document.kind === "compose") rule.check(document, report, context);
    else if (rule.kind === "ignore" && document.kind === "ignore") rule.check(document, report, context);
  } catch (error) {
    found.length = before;
    found.push({
      rule: internalError,
      severity: "error",
      at: { start: 0, end: 0 },
      message: `the rule ${rule.name} failed: ${messageOf(error)}`,
    });
  }
}

/** Adds the file's first syntax problem, and takes away what was found from its line on. */
function onlyBeforeProblems(document: Document, found: Raw[]): Raw[] {
  const [first, ...more] = [...document.problems].sort((a, b) => a.start - b.start);
  if (first === undefined) return found;
  // Docker passes over patterns that it cannot read, so that the others still mean what they say.
  const from = document.kind === "ignore" ? Infinity : document.lines.position(first.start).line;
  const kept = found.filter((one) => document.lines.position(one.at.start).line < from);
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  kept.push({ rule: syntaxError, severity: "error", at: first, message: first.message + others });
  return kept;
}

function weigh(
  document: Document,
  found: readonly Raw[],
  ignores: Ignores,
  settings: Settings,
  path: string,
): Checked {
  const { lines } = document;
  const used = new Set<Ignore>();
  const findings: Finding[] = [];
  const silenced: { finding: Finding; by: Ignore }[] = [];
  const placed = found
    .map((raw) => place(raw, document, settings, ignores, path))
    .filter((one) => one !== undefined);
  placed.sort(byPlace);
  const fingerprint = makeFingerprints(lines);
  for (const one of placed) {
    const span = spanOf(document, one.at);
    const finding: Finding = { ...one, fingerprint: fingerprint(one.rule.name, span.from, span.to) };
    const by = ignores.list.filter((ignore) => silences(ignore, finding.rule, span, finding.code));
    for (const ignore of by) used.add(ignore);
    const [first] = by;
    if (first === undefined) findings.push(finding);
    else silenced.push({ finding, by: by.find((ignore) => ignore.reason !== undefined) ?? first });
  }
  for (const raw of aboutIgnores(ignores.list, used, settings)) {
    const one = place(raw, document, settings, ignores, path);
    if (one === undefined) continue;
    const span = spanOf(document, one.at);
    findings.push({ ...one, fingerprint: fingerprint(one.rule.name, span.from, span.to) });
  }
  return {
    findings: findings.sort(byPlace),
    ignored: silenced.map(({ finding, by }) => ({ ...finding, by: "comment", reason: by.reason })),
  };
}

function place(
  raw: Raw,
  document: Document,
  settings: Settings,
  ignores: Ignores,
  path: string,
): Finding | undefined {
  const asked = askedFor(raw, settings);
  const severity =
    asked !== undefined
      ? levelOf(asked)
      : ignores.checksBreak && isBuildkitCheck(raw.rule)
        ? "error"
        : raw.severity;
  if (severity === undefined) return undefined;
  const at = within(raw.at, document.text.length);
  return {
    ...raw,
    severity,
    path,
    at,
    start: document.lines.position(at.start),
    end: document.lines.position(at.end),
    fingerprint: "",
  };
}

/** What the settings say of another tool's finding: of its code, or of all that this tool says. */
function askedFor({ code, rule }: Raw, settings: Settings): Severity | undefined {
  if (code === undefined) return undefined;
  const all = settings.severity(rule);
  return settings.codes.get(code) ?? settings.codes.get("*") ?? (all === rule.severity ? undefined : all);
}

/** The lines that a range has a part of: not the next one where it ends with a line end. */
function spanOf(document: Document, at: Range): { from: number; to: number } {
  const last = Math.max(at.start, at.end - 1);
  return { from: document.lines.position(at.start).line, to: document.lines.position(last).line };
}

function within(range: Range, length: number): Range {
  const start = Math.max(0, Math.min(range.start, length));
  return { start, end: Math.max(start, Math.min(range.end, length)) };
}

function aboutIgnores(list: readonly Ignore[], used: ReadonlySet<Ignore>, settings: Settings): Raw[] {
  const reports: Raw[] = [];
  const unused = levelOf(settings.severity(unusedIgnore));
  const reasonless = levelOf(settings.severity(ignoreWithoutReason));
  for (const ignore of list) {
    if (!ignore.own) continue;
    const names = ignore.names.join(", ");
    if (unused !== undefined && !used.has(ignore))
      reports.push({
        rule: unusedIgnore,
        severity: unused,
        at: ignore.at,
        message: `nothing here is found by ${names}, so that the comment silences nothing`,
      });
    if (settings.requireReason && reasonless !== undefined && ignore.reason === undefined)
      reports.push({
        rule: ignoreWithoutReason,
        severity: reasonless,
        at: ignore.at,
        message: `the comment does not say why ${names} is ignored`,
      });
  }
  return reports;
}
