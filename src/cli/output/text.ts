import { styleText } from "node:util";

/** The parts of a terminal stream that decide about colours. */
export interface Screen {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** How a word may look. */
export type Style = "red" | "green" | "yellow" | "cyan" | "bold" | "dim";

/** Colours a text where it goes to a terminal that wants colours (https://no-color.org). */
export function paint(
  style: Style,
  text: string,
  screen: Screen,
  env: Record<string, string | undefined>,
): string {
  if (screen.isTTY !== true || env["NO_COLOR"] || env["TERM"] === "dumb") return text;
  return styleText(style, text, { validateStream: false });
}

/**
 * Text from outside, safe for a terminal: control characters become `\x1b` in letters. Names inside an image or a bundle
 * are chosen by whoever made it, and must not move the cursor or recolour our words. Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (char) => (char === "\t" ? " " : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`),
  );
}

/** Breaks a paragraph at blanks into lines of at most `width` columns, each behind `indent`. */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(indent + line);
  return lines.join("\n");
}
