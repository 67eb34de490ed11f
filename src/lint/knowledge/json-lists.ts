import type { Instruction } from "../../dockerfile/document.ts";

/** What looks like a list, and is none; a test such as `[ -f x ]` has a blank behind its bracket and no quote, or an operator. */
export function brokenList({ keyword, body }: Instruction): { from: number; text: string } | undefined {
  const from = keyword === "HEALTHCHECK" ? (/^CMD\s+/i.exec(body.text)?.[0].length ?? 0) : 0;
  const text = body.text.trimEnd().slice(from);
  if (!text.endsWith("]") || text.includes("\n") || isJson(text)) return undefined;
  const opening = keyword === "RUN" ? /^\[["'“]\w/ : /^\[\s*["'“]/;
  return opening.test(text) && !/["'](?:\s*!?=|\s+-\w)|\]\]$/.test(text) ? { from, text } : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
