/** A token of Haskell, as far as spec files need it. */
export interface Token {
  kind: "name" | "string" | "number" | "mark";
  text: string;
}

/** The tokens of a Haskell file; comments are left out, a string's escapes and gaps are resolved. */
export function readHaskell(source: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|--[^\n]*|\{-[^]*?-\}|(?<string>"(?:\\\s+\\|\\[^]|[^"\\])*")|(?<number>\d+)|(?<name>\??[A-Za-z_][\w'.]*)|(?<mark><>|[^\s\w])/gy;
  for (const { groups } of source.matchAll(pattern)) {
    if (groups?.["string"] !== undefined) tokens.push({ kind: "string", text: unescape(groups["string"]) });
    else if (groups?.["number"] !== undefined) tokens.push({ kind: "number", text: groups["number"] });
    else if (groups?.["name"] !== undefined) tokens.push({ kind: "name", text: groups["name"] });
    else if (groups?.["mark"] !== undefined) tokens.push({ kind: "mark", text: groups["mark"] });
  }
  return tokens;
}

function unescape(literal: string): string {
  return literal.slice(1, -1).replace(/\\(\s+\\|\d+|x[0-9a-fA-F]+|&|[^])/g, (_, escape: string) => {
    if (/^\s/.test(escape) || escape === "&") return "";
    if (/^\d/.test(escape)) return String.fromCodePoint(Number(escape));
    if (/^x./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    return { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" }[escape] ?? escape;
  });
}
