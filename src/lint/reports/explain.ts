import type { RuleInfo } from "../rule.ts";
import type { Ink } from "./terminal.ts";

/** A rule for a person who met its name: what it finds, why, and how it looks. */
export function explainRule(rule: RuleInfo, ink: Ink): string {
  const aliases = rule.aliases.length === 0 ? "" : `, also ${rule.aliases.join(", ")}`;
  const parts = [
    `${ink.paint("bold", rule.name)}  ${ink.paint("dim", `${rule.severity}, group ${rule.group}${aliases}`)}`,
    fill(rule.meaning, ink.width),
    fill(rule.why, ink.width),
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

function fill(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
