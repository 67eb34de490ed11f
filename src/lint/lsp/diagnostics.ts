import { type Diagnostic, DiagnosticSeverity } from "vscode-languageserver/node";
import type { Finding } from "../finding.ts";
import type { RuleInfo } from "../rule.ts";
import type { CheckedOpen } from "./checker.ts";

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** What an editor hands back with a request for actions. */
export interface DiagnosticData {
  readonly fingerprint: string;
}

/** The findings of a file for its editor. `pageOf` says where a rule is explained. */
export function diagnosticsOf(checked: CheckedOpen, pageOf: (rule: RuleInfo) => string): Diagnostic[] {
  if (checked.problem !== undefined) {
    const range = checked.place({ start: 0, end: 0 });
    return [{ range, severity: DiagnosticSeverity.Error, source: "ddiff", message: checked.problem }];
  }
  return checked.findings.map((finding) => diagnosticOf(finding, checked, pageOf));
}

/** One finding for an editor. */
export function diagnosticOf(
  finding: Finding,
  checked: CheckedOpen,
  pageOf: (rule: RuleInfo) => string,
): Diagnostic {
  const { rule, severity, message, fingerprint } = finding;
  return {
    range: checked.place(finding.at),
    severity: severities[severity],
    code: finding.code ?? rule.name,
    codeDescription: { href: pageOf(rule) },
    source: "ddiff",
    message,
    data: { fingerprint } satisfies DiagnosticData,
  };
}
