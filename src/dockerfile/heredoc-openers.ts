import type { Instruction, Joined, Word } from "./document.ts";
import { wordOf } from "./read-words.ts";

/** What a word opens, if it opens a heredoc. */
export interface HeredocOpener {
  name: string;
  /** `<<-`: leading tabs go. */
  tabs: boolean;
  expands: boolean;
}

/** Reads `<<EOF`, `3<<-"EOF"`, `<< EOF`; undefined for what opens no heredoc, or says more than that. */
export function readHeredocOpener(text: string): HeredocOpener | undefined {
  const match = /^\d*<<(-?)\s*([^<]+)$/.exec(text);
  const rest = match?.[2]?.trimEnd();
  if (rest === undefined || wordEnd(rest, 0) !== rest.length) return undefined;
  let name = "";
  let expands = true;
  for (let at = 0; at < rest.length; at += 1) {
    const char = rest.charAt(at);
    if (char === "'" || char === '"') {
      expands = false;
      const end = quoteEnd(rest, at) ?? rest.length;
      const inner = rest.slice(at + 1, end - 1);
      name += char === "'" ? inner : inner.replace(/\\(["$\\])/g, "$1");
      at = end - 1;
    } else if (char === "\\") name += rest.charAt((at += 1));
    else name += char;
  }
  return name === "" ? undefined : { name, tabs: match?.[1] === "-", expands };
}

/** Whether a RUN is a heredoc and nothing else, so that its lines are the script and no input of a command. */
export function isHeredocScript(run: Instruction): boolean {
  return run.json === undefined && readHeredocOpener(run.body.text) !== undefined;
}

/**
 * The words of an instruction that open heredocs. They are found as BuildKit does: by the shell's quotes and escapes, whatever the
 * file's own escape character; and there are none where a quote is not closed.
 */
export function heredocWords(joined: Joined): Word[] {
  const { text } = joined;
  const found: Word[] = [];
  for (let at = 0; at < text.length; ) {
    if (isBlank(text, at)) {
      at += 1;
      continue;
    }
    const end = wordEnd(text, at);
    if (end === undefined) return [];
    if (text.slice(at, end).includes("<<") && readHeredocOpener(text.slice(at, end)) !== undefined)
      found.push(wordOf(joined, at, end));
    at = end;
  }
  return found;
}

/** Where the word that begins at `from` ends; undefined where one of its quotes does not. */
function wordEnd(text: string, from: number): number | undefined {
  let at = from;
  while (at < text.length && !isBlank(text, at)) {
    const char = text.charAt(at);
    if (char === "'" || char === '"') {
      const end = quoteEnd(text, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (char === "\\") at += 2;
    else if (text.startsWith("<<", at)) {
      at += 2;
      // Blanks may stand before the name.
      while (/[\t\r ]/.test(text.charAt(at))) at += 1;
    } else at += 1;
  }
  return Math.min(at, text.length);
}

/** The place behind the quote that closes the one at `from`. */
function quoteEnd(text: string, from: number): number | undefined {
  const quote = text.charAt(from);
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === quote) return at + 1;
    if (char === "\\" && quote === '"' && /["$\\]/.test(text.charAt(at + 1))) at += 1;
  }
  return undefined;
}

function isBlank(text: string, at: number): boolean {
  return /\s/.test(text.charAt(at));
}
