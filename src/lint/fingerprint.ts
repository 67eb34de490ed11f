import { createHash } from "node:crypto";
import type { LineIndex } from "../dockerfile/text.ts";

/**
 * Names the mistakes of one file so that they can be known again after lines above them came or went: by rule, text of the lines without
 * their blanks, and how often the same stood before.
 */
export function makeFingerprints(lines: LineIndex): (rule: string, from: number, to: number) => string {
  const seen = new Map<string, number>();
  return (rule, from, to) => {
    const texts: string[] = [];
    for (let line = from; line <= Math.min(to, from + 200); line += 1) texts.push(lines.line(line));
    const text = texts
      .join(" ")
      .replaceAll(/[\s\\`]+/g, " ")
      .trim();
    const key = `${rule}\n${text}`;
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    return createHash("sha256").update(`${key}\n${ordinal}`).digest("hex").slice(0, 32);
  };
}
