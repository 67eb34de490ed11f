import { indexLines } from "../../dockerfile/text.ts";
import type { Finding } from "../finding.ts";
import type { LintResult } from "../lint.ts";
import { rulePage, summarize, type Summary } from "./summary.ts";

/** A place as reports count: from 1, the end not included. */
interface JsonPlace {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** A finding as `--json` writes it. */
interface JsonFinding extends JsonPlace {
  rule: string;
  severity: string;
  path: string;
  message: string;
  /** Bytes, estimated. */
  waste?: number;
  /** Ids of other linters for this. */
  aliases: readonly string[];
  /** Of ShellCheck's findings. */
  code?: string;
  group: string;
  docs: string;
  fingerprint: string;
  fix?: { title: string; risk: string; edits: (JsonPlace & { text: string })[] };
}

/** The shape is documented in docs/lint.md. */
export interface JsonReport {
  version: 1;
  summary: Summary;
  findings: JsonFinding[];
  ignored: (JsonFinding & { by: string; reason?: string })[];
}

/** Everything that was found, for scripts. */
export function jsonReport(result: LintResult): JsonReport {
  const texts = new Map(result.files.map((file) => [file.path, file.text]));
  const convert = (finding: Finding): JsonFinding => jsonFinding(finding, texts.get(finding.path) ?? "");
  return {
    version: 1,
    summary: summarize(result),
    findings: result.findings.map(convert),
    ignored: result.ignored.map((one) => ({
      ...convert(one),
      by: one.by,
      ...(one.reason === undefined ? {} : { reason: one.reason }),
    })),
  };
}

function jsonFinding(finding: Finding, text: string): JsonFinding {
  const { rule, fix } = finding;
  const lines = fix === undefined ? undefined : indexLines(text);
  return {
    rule: rule.name,
    severity: finding.severity,
    path: finding.path,
    line: finding.start.line,
    column: finding.start.column,
    endLine: finding.end.line,
    endColumn: finding.end.column,
    message: finding.message,
    ...(finding.waste === undefined ? {} : { waste: finding.waste }),
    aliases: rule.aliases,
    ...(finding.code === undefined ? {} : { code: finding.code }),
    group: rule.group,
    docs: rulePage(rule.name),
    fingerprint: finding.fingerprint,
    ...(fix === undefined || lines === undefined
      ? {}
      : {
          fix: {
            title: fix.title,
            risk: fix.risk,
            edits: fix.edits.map((edit) => {
              const start = lines.position(edit.start);
              const end = lines.position(edit.end);
              return {
                line: start.line,
                column: start.column,
                endLine: end.line,
                endColumn: end.column,
                text: edit.text,
              };
            }),
          },
        }),
  };
}
