import type { Log, ReportingDescriptor, Result } from "sarif";
import type { Position, Range } from "../../dockerfile/text.ts";
import { indexLines, type LineIndex } from "../../dockerfile/text.ts";
import { fileUri, sarifLog } from "../../report/sarif.ts";
import type { Finding, IgnoredFinding } from "../finding.ts";
import type { LintResult } from "../lint.ts";
import type { RuleInfo } from "../rule.ts";
import { rulePage } from "./summary.ts";

const levels = { error: "error", warning: "warning", info: "note", off: "none" } as const;

/** SARIF 2.1.0 (OASIS), as code scanning of GitHub and others reads it. */
export function sarifReport(result: LintResult, version: string): Log {
  const rules = new Map<string, { rule: RuleInfo; index: number }>();
  for (const { rule } of [...result.findings, ...result.ignored])
    if (!rules.has(rule.name)) rules.set(rule.name, { rule, index: rules.size });
  const lines = new Map(result.files.map((file) => [file.path, indexLines(file.text)]));
  const convert = (finding: Finding): Result =>
    sarifResult(finding, rules.get(finding.rule.name)?.index ?? 0, lines.get(finding.path) ?? indexLines(""));
  return sarifLog(
    version,
    [...rules.values()].map((one) => descriptor(one.rule)),
    [
      ...result.findings.map(convert),
      ...result.ignored.map((one) => ({ ...convert(one), suppressions: [suppression(one)] })),
    ],
  );
}

function descriptor(rule: RuleInfo): ReportingDescriptor {
  const aliases = rule.aliases.length === 0 ? "" : ` Also known as ${rule.aliases.join(", ")}.`;
  return {
    id: rule.name,
    shortDescription: { text: rule.meaning },
    fullDescription: { text: `${rule.meaning} ${rule.why}` },
    help: {
      text: `${rule.meaning}\n\n${rule.why}${aliases} See ${rulePage(rule.name)}.`,
      markdown: `${rule.meaning}\n\n${rule.why}${aliases} See \`${rulePage(rule.name)}\`.`,
    },
    defaultConfiguration: { level: levels[rule.severity], enabled: rule.severity !== "off" },
    properties: { tags: [rule.group, ...rule.aliases] },
  };
}

function sarifResult(finding: Finding, ruleIndex: number, lines: LineIndex): Result {
  const uri = fileUri(finding.path);
  return {
    ruleId: finding.rule.name,
    ruleIndex,
    level: levels[finding.severity],
    message: { text: finding.code === undefined ? finding.message : `${finding.code}: ${finding.message}` },
    locations: [
      { physicalLocation: { artifactLocation: { uri }, region: region(finding.start, finding.end) } },
    ],
    partialFingerprints: { "ddiff/v1": finding.fingerprint },
    ...(finding.waste === undefined ? {} : { properties: { wasteBytes: finding.waste } }),
    ...(finding.fix === undefined
      ? {}
      : {
          fixes: [
            {
              description: { text: finding.fix.title },
              artifactChanges: [
                {
                  artifactLocation: { uri },
                  replacements: finding.fix.edits.map((edit) => ({
                    deletedRegion: regionOf(edit, lines),
                    insertedContent: { text: edit.text },
                  })),
                },
              ],
            },
          ],
        }),
  };
}

function suppression(one: IgnoredFinding) {
  const kind = one.by === "comment" ? ("inSource" as const) : ("external" as const);
  return { kind, ...(one.reason === undefined ? {} : { justification: one.reason }) };
}

function regionOf(range: Range, lines: LineIndex) {
  return region(lines.position(range.start), lines.position(range.end));
}

function region(start: Position, end: Position) {
  return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
}
