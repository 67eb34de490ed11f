import type { Dockerfile } from "../../dockerfile/document.ts";
import type { Finding } from "../finding.ts";
import type { Document } from "../kinds.ts";
import type { Edit } from "../rule.ts";

/**
 * The comment lines that may silence a finding, the closest first: above its instruction or line, and for the whole file. Whether one does is
 * seen when the text is checked with it.
 */
export function ignoreComments(document: Document, finding: Finding): Edit[] {
  const whole = insertLine(document, topLine(document), finding, "global ");
  const line = lineAbove(document, finding);
  return line === undefined ? [whole] : [insertLine(document, line, finding, ""), whole];
}

/** The line that a comment is put above; undefined for a finding that is about the whole file, or stands in no instruction. */
function lineAbove(document: Document, { at }: Finding): number | undefined {
  if (at.end === 0) return undefined;
  if (document.kind !== "dockerfile") return document.lines.position(at.start).line;
  return document.instructions.find((one) => one.start <= at.start && at.start <= one.end)?.line;
}

/** Above the first line there can be nothing where it is a directive: after a comment builders look for none. */
function topLine(document: Document): number {
  return document.kind === "dockerfile" ? afterDirectives(document) : 1;
}

function afterDirectives(file: Dockerfile): number {
  return Math.max(0, ...file.directives.map((one) => one.line)) + 1;
}

function insertLine({ lines }: Document, line: number, { rule, code }: Finding, scope: string): Edit {
  const start = lines.start(line);
  const indent = /^[ \t]*/.exec(lines.line(line))?.[0] ?? "";
  const comment = `# ddiff ${scope}ignore=${code ?? rule.name} because …`;
  // Past the end of a file whose last line is not ended.
  if (line > lines.count) return { start, end: start, text: `\n${comment}` };
  return { start, end: start, text: `${scope === "" ? indent : ""}${comment}\n` };
}
