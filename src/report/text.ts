/**
 * Text from outside, safe to show: control characters, marks that turn the direction of writing, and bytes that are not UTF-8 (lone
 * surrogates, tar/names.ts) become `\x1b` in letters. Names inside an image or a bundle are chosen by whoever made it, and must not move
 * the cursor, recolour our words or look like another name. Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (char) => (char === "\t" ? " " : escaped(char.charCodeAt(0))),
  );
}

/** The same in one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll("\n", "\\x0a");
}

function escaped(code: number): string {
  const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** A sentence with code between backticks, part by part. */
export function codeSpans(text: string): { text: string; code: boolean }[] {
  return text
    .split("`")
    .map((part, at) => ({ text: part, code: at % 2 === 1 }))
    .filter((part) => part.text !== "");
}

/**
 * Breaks a paragraph at blanks into lines of at most `width` columns, each behind `indent`. Code between backticks stays whole, to be
 * copied.
 */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(indent + line);
  return lines.join("\n");
}
