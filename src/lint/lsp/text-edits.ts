import { diffLines } from "diff";
import type { Edit } from "../rule.ts";

/** The edits that make one text of another, as small as lines tell, so that cursors and marks in the rest stay where they are. */
export function editsBetween(before: string, after: string): Edit[] {
  const edits: Edit[] = [];
  let at = 0;
  let open: { start: number; end: number; text: string } | undefined;
  for (const { added, removed, value } of diffLines(before, after)) {
    if (!added && !removed) {
      if (open !== undefined) edits.push(trimmed(before, open));
      open = undefined;
      at += value.length;
      continue;
    }
    open ??= { start: at, end: at, text: "" };
    if (added) open.text += value;
    else open.end = at += value.length;
  }
  if (open !== undefined) edits.push(trimmed(before, open));
  return edits;
}

/** An edit without what it leaves as it is in its first and its last line. */
function trimmed(before: string, { start, end, text }: Edit): Edit {
  const longest = Math.min(end - start, text.length);
  let head = 0;
  while (head < longest && isPlain(text, head) && before[start + head] === text[head]) head += 1;
  let tail = /\r?\n$/.exec(before.slice(start + head, end))?.[0].length ?? 0;
  if (!text.slice(head).endsWith(before.slice(end - tail, end))) tail = 0;
  const left = (): number => text.length - tail - 1;
  while (tail < longest - head && isPlain(text, left()) && before[end - tail - 1] === text[left()]) tail += 1;
  return { start: start + head, end: end - tail, text: text.slice(head, text.length - tail) };
}

/** No line end, and no half of a character. */
function isPlain(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit !== 10 && unit !== 13 && unit < 0xd800;
}
