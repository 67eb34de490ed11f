import { type CodeAction, CodeActionKind, type CodeActionParams } from "vscode-languageserver/node";
import { engineRules, syntaxError } from "../engine-rules.ts";
import type { Finding } from "../finding.ts";
import { applyEdits, fixText } from "../fix.ts";
import { plural } from "../../report/words.ts";
import type { Edit, RuleInfo } from "../rule.ts";
import type { CheckedOpen } from "./checker.ts";
import { type DiagnosticData, diagnosticOf } from "./diagnostics.ts";
import { ignoreComments } from "./ignore-comment.ts";
import { editsBetween } from "./text-edits.ts";

/** Mends all that is safe: editors run it when a file is saved, where a person set that. */
export const fixAllKind = `${CodeActionKind.SourceFixAll}.ddiff`;
/** The command that opens a rule's page; its argument is the rule's name. */
export const openRuleCommand = "ddiff.openRule";

/** What an action needs for its edit, which is worked out when somebody picks it. */
export interface ActionData {
  readonly uri: string;
  readonly does: "fix" | "ignore" | "fixAll";
  /** Of the finding. */
  readonly fingerprint?: string;
  readonly rule?: string;
}

const ownRules: ReadonlySet<RuleInfo> = new Set(engineRules);

/** What can be done about the findings of a range, and of the file; without their edits. `canOpen` says whether pages can be shown. */
export function actionsFor(
  checked: CheckedOpen,
  { range, context }: CodeActionParams,
  pageOf: (rule: RuleInfo) => string,
  canOpen: boolean,
): CodeAction[] {
  const wants = (kind: string): boolean =>
    context.only === undefined ||
    context.only.some((only) => only === "" || `${kind}.`.startsWith(`${only}.`));
  const { uri } = checked.file.document;
  const [from, to] = [checked.offset(range.start), checked.offset(range.end)];
  const named = new Set(
    context.diagnostics.map((one) => (one.data as DiagnosticData | undefined)?.fingerprint),
  );
  const meant = checked.findings.filter((finding) => {
    const { start, end } = finding.at;
    return (start <= to && from <= end) || named.has(finding.fingerprint);
  });
  const actions: CodeAction[] = [];
  if (wants(CodeActionKind.QuickFix)) {
    for (const finding of meant) actions.push(...fixOf(finding));
    for (const finding of meant) if (!ownRules.has(finding.rule)) actions.push(ignoreOf(finding));
    if (canOpen) for (const rule of new Set(meant.map((one) => one.rule))) actions.push(openOf(rule, meant));
  }
  const safe = checked.findings.filter((one) => one.fix?.risk === "safe").length;
  if (safe > 0 && checked.recheck !== undefined && wants(fixAllKind)) {
    const data: ActionData = { uri, does: "fixAll" };
    actions.push({ title: `Mend ${plural(safe, "safe finding")} of this file`, kind: fixAllKind, data });
  }
  return actions;

  function fixOf(finding: Finding): CodeAction[] {
    if (finding.fix === undefined) return [];
    const { title, risk } = finding.fix;
    return [
      {
        title: sentence(risk === "safe" ? title : `${title} (may change the build)`),
        kind: CodeActionKind.QuickFix,
        diagnostics: [diagnosticOf(finding, checked, pageOf)],
        ...(risk === "safe" ? { isPreferred: true } : {}),
        data: dataOf(finding, "fix"),
      },
    ];
  }

  function ignoreOf(finding: Finding): CodeAction {
    return {
      title: `Ignore ${finding.code ?? finding.rule.name} here`,
      kind: CodeActionKind.QuickFix,
      diagnostics: [diagnosticOf(finding, checked, pageOf)],
      data: dataOf(finding, "ignore"),
    };
  }

  function openOf(rule: RuleInfo, findings: readonly Finding[]): CodeAction {
    const title = `Explain ${rule.name}`;
    return {
      title,
      kind: CodeActionKind.QuickFix,
      diagnostics: findings
        .filter((one) => one.rule === rule)
        .map((one) => diagnosticOf(one, checked, pageOf)),
      command: { title, command: openRuleCommand, arguments: [rule.name] },
    };
  }

  function dataOf({ fingerprint, rule }: Finding, does: ActionData["does"]): ActionData {
    return { uri, does, fingerprint, rule: rule.name };
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The edits of an action for the text as it is now; undefined where the finding is gone or nothing helps it. */
export function editsOf(checked: CheckedOpen, data: ActionData): readonly Edit[] | undefined {
  const { text, recheck } = checked;
  if (recheck === undefined) return undefined;
  if (data.does === "fixAll") return editsBetween(text, fixText(text, recheck, false).text);
  const finding = checked.findings.find(
    (one) => one.fingerprint === data.fingerprint && one.rule.name === data.rule,
  );
  if (finding === undefined) return undefined;
  const better = data.does === "fix" ? mends : silences;
  const tries =
    data.does === "fix"
      ? [finding.fix?.edits ?? []]
      : ignoreComments(checked.read(text, checked.file.kind), finding).map((edit) => [edit]);
  for (const edits of tries) {
    const after = applyEdits(text, edits);
    if (after !== undefined && better(checked.findings, recheck(after).findings, finding))
      return editsBetween(text, after);
  }
  return undefined;
}

type Judge = (before: readonly Finding[], after: readonly Finding[], about: Finding) => boolean;

/** As `ddiff fix` judges a fix: the text can still be read, and has fewer findings. */
const mends: Judge = (before, after) =>
  after.length < before.length && countOf(after, syntaxError) <= countOf(before, syntaxError);

/** Where a comment cannot be, it is part of a script or breaks the file; and it may itself be a finding, as long as it has no reason. */
const silences: Judge = (before, after, { rule }) =>
  countOf(after, rule) < countOf(before, rule) && countOf(after, syntaxError) <= countOf(before, syntaxError);

function countOf(findings: readonly Finding[], rule: RuleInfo): number {
  return findings.filter((one) => one.rule === rule).length;
}
