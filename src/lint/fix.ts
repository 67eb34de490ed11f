import type { Checked } from "./check-file.ts";
import { syntaxError } from "./engine-rules.ts";
import type { Finding } from "./finding.ts";
import type { Edit, Fix } from "./rule.ts";

/** How often a mended text is looked at again for what else can be mended. */
const mostRounds = 10;

/** A text after its fixes. */
export interface Fixed {
  readonly text: string;
  /** What was mended, as it was found in the text of its round. */
  readonly applied: readonly Finding[];
  /** What the text has left. */
  readonly checked: Checked;
}

/**
 * Applies the fixes of a text's findings until none is left that makes it better. A fix counts only when the text can still be read after it and
 * has fewer findings; fixes that overlap wait for the next round. Line ends stay as most of them are, and so does a missing last one. The same
 * text gives the same result, and that result stays as it is when it is fixed again.
 */
export function fixText(text: string, check: (text: string) => Checked, unsafe: boolean): Fixed {
  let now: Fixed = { text, applied: [], checked: check(text) };
  const rejected = new Set<string>();
  for (let round = 0; round < mostRounds; round += 1) {
    const chosen = withoutOverlaps(fixesOf(now.checked, unsafe, rejected));
    if (chosen.length === 0) break;
    const all = attempt(now, chosen, check);
    if (all !== undefined) {
      now = all;
      continue;
    }
    const before = now;
    now = oneByOne(now, check, unsafe, rejected);
    if (now === before) break;
  }
  return now;
}

interface Fixable extends Finding {
  readonly fix: Fix;
}

function fixesOf(checked: Checked, unsafe: boolean, rejected: ReadonlySet<string>): Fixable[] {
  // What is only partly understood is not written.
  if (checked.findings.some((one) => one.rule === syntaxError)) return [];
  return checked.findings.filter(
    (one): one is Fixable =>
      one.fix !== undefined &&
      one.fix.edits.length > 0 &&
      (unsafe || one.fix.risk === "safe") &&
      !rejected.has(keyOf(one)),
  );
}

function keyOf(finding: Finding): string {
  return `${finding.rule.name}\n${finding.fingerprint}`;
}

/** Keeps the first of those that touch the same text; two insertions at one place have no order, so that the second waits. */
function withoutOverlaps(fixable: readonly Fixable[]): Fixable[] {
  const taken: Edit[] = [];
  return fixable.filter((one) => {
    const free = one.fix.edits.every((edit) => taken.every((other) => !touch(edit, other)));
    if (free) taken.push(...one.fix.edits);
    return free;
  });
}

function touch(a: Edit, b: Edit): boolean {
  return (a.start < b.end && b.start < a.end) || a.start === b.start || a.end === b.end;
}

function attempt(
  now: Fixed,
  chosen: readonly Fixable[],
  check: (text: string) => Checked,
): Fixed | undefined {
  const edits = chosen.flatMap((one) => one.fix.edits);
  const text = applyEdits(now.text, edits);
  if (text === undefined || text === now.text) return undefined;
  const checked = check(text);
  if (checked.findings.some((one) => one.rule === syntaxError)) return undefined;
  if (checked.findings.length >= now.checked.findings.length) return undefined;
  return { text, checked, applied: [...now.applied, ...chosen] };
}

/** For when one of several fixes is bad: each is tried alone, and the bad ones are not tried again. */
function oneByOne(
  start: Fixed,
  check: (text: string) => Checked,
  unsafe: boolean,
  rejected: Set<string>,
): Fixed {
  let now = start;
  for (;;) {
    const [next] = fixesOf(now.checked, unsafe, rejected);
    if (next === undefined) return now;
    const better = attempt(now, [next], check);
    if (better === undefined) rejected.add(keyOf(next));
    else now = better;
  }
}

/** A text with edits made to it; undefined where they overlap or lie outside. */
export function applyEdits(text: string, edits: readonly Edit[]): string | undefined {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const newline = lineEnd(text);
  const parts: string[] = [];
  let at = 0;
  for (const edit of ordered) {
    if (edit.start < at || edit.end < edit.start || edit.end > text.length) return undefined;
    parts.push(text.slice(at, edit.start), edit.text.replaceAll(/\r?\n/g, newline));
    at = edit.end;
  }
  parts.push(text.slice(at));
  const result = parts.join("");
  if (text.endsWith("\n") === result.endsWith("\n") || result === "") return result;
  return text.endsWith("\n") ? result + newline : result.replace(/(?:\r?\n)+$/, "");
}

/** How most lines of a text end. */
function lineEnd(text: string): string {
  const dos = text.split("\r\n").length;
  return dos * 2 > text.split("\n").length ? "\r\n" : "\n";
}
