import type { Ink } from "../../report/ink.ts";
import { wrap } from "../../report/text.ts";
import type { RuleInfo } from "../rule.ts";

/** A rule for a person who met its name: what it finds, why, and how it looks. */
export function explainRule(rule: RuleInfo, ink: Ink): string {
  const aliases = rule.aliases.length === 0 ? "" : `, also ${rule.aliases.join(", ")}`;
  const parts = [
    `${ink.paint("bold", rule.name)}  ${ink.paint("dim", `${rule.severity}, group ${rule.group}${aliases}`)}`,
    wrap(rule.meaning, ink.width),
    wrap(rule.why, ink.width),
  ];
  for (const example of rule.examples) {
    parts.push(ink.paint("red", "Not like this:"), indent(example.bad));
    parts.push(ink.paint("green", "But:"), indent(example.good));
    if (example.fixed !== undefined && example.fixed !== example.good)
      parts.push("ddiff fix makes of it:", indent(example.fixed));
  }
  return parts.join("\n\n");
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");
}
