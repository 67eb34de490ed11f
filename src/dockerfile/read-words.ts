import type { Flag, Joined, JsonWord, Word } from "./document.ts";

/** Cuts at blanks outside quotes, as BuildKit's `parseWords`; quotes and escapes stay in the words. */
export function readWords(joined: Joined, escape: string): Word[] {
  const { text } = joined;
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at += 1;
    if (at >= text.length) break;
    const end = endOfWord(text, at, escape);
    words.push(wordOf(joined, at, end));
    at = end;
  }
  return words;
}

/** Cuts at every blank, within quotes too, as BuildKit reads the arguments of FROM, COPY, ADD, VOLUME and EXPOSE. */
export function splitAtBlanks(joined: Joined): Word[] {
  return [...joined.text.matchAll(/[^\t\v\f\r ]+/g)].map((match) =>
    wordOf(joined, match.index, match.index + match[0].length),
  );
}

/** A word of a joined text by its place there. */
export function wordOf(joined: Joined, from: number, to: number): Word {
  return { raw: joined.text.slice(from, to), start: joined.offset(from), end: joined.offset(to - 1) + 1 };
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function endOfWord(text: string, from: number, escape: string): number {
  let quote = "";
  let at = from;
  for (; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote === "" && isSpace(text.charCodeAt(at))) return at;
    if (char === escape && quote !== "'") at += 1;
    else if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = "";
  }
  return Math.min(at, text.length);
}

/** The flags at the start of an instruction's arguments, and where the arguments proper begin. BuildKit: `extractBuilderFlags`. */
export function readFlags(joined: Joined, escape: string): { flags: Flag[]; rest: number } {
  const { text } = joined;
  const flags: Flag[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at += 1;
    if (!text.startsWith("--", at)) return { flags, rest: at };
    const end = endOfWord(text, at, escape);
    const word = text.slice(at, end);
    if (word === "--") return { flags, rest: end };
    const equals = word.indexOf("=");
    flags.push({
      name: equals < 0 ? word.slice(2) : word.slice(2, equals),
      value: equals < 0 ? undefined : unquoted(word.slice(equals + 1), escape),
      start: joined.offset(at),
      end: joined.offset(end - 1) + 1,
    });
    at = end;
  }
}

/** Takes quotes and escapes away where they stand, variables left as they are. */
export function unquoted(word: string, escape: string): string {
  if (!word.includes('"') && !word.includes("'") && !word.includes(escape)) return word;
  let out = "";
  let quote = "";
  for (let at = 0; at < word.length; at += 1) {
    const char = word.charAt(at);
    if (char === escape && quote !== "'" && at + 1 < word.length) {
      at += 1;
      out += word.charAt(at);
    } else if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = "";
    else out += char;
  }
  return out;
}

const jsonString = /"(?:[^"\\]|\\.)*"/gs;

/** The strings of a JSON array that holds nothing but strings; undefined for everything else. */
export function readJson(joined: Joined): JsonWord[] | undefined {
  const { text } = joined;
  const values = jsonArray(text);
  if (values === undefined || !values.every((value) => typeof value === "string")) return undefined;
  // Between valid JSON's brackets there is nothing but strings and commas.
  const found = [...text.matchAll(jsonString)];
  return values.map((value: string, index) => {
    const at = found[index]?.index ?? 0;
    const length = found[index]?.[0].length ?? 1;
    return { value, start: joined.offset(at), end: joined.offset(at + length - 1) + 1 };
  });
}

/** Whether a text is a JSON array with something else than strings in it, which builders refuse. */
export function isMixedJson(text: string): boolean {
  return jsonArray(text)?.some((value) => typeof value !== "string") ?? false;
}

function jsonArray(text: string): unknown[] | undefined {
  if (!text.startsWith("[") || !text.endsWith("]")) return undefined;
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) ? values : undefined;
  } catch {
    return undefined;
  }
}
