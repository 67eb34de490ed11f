import { readFileSync, statSync } from "node:fs";
import { messageOf, systemErrorCode } from "../util/errors.ts";

/** Nobody writes larger ones by hand, and no builder takes them. */
const largest = 4 * 1024 * 1024;

/** A file's text as rules see it, and what is needed to write it back. */
export interface ReadText {
  /** Without the mark of byte order. */
  readonly text: string;
  readonly bytes: Buffer;
}

/** Reads a file that is to be checked. Hands back why not, as half a sentence, where that is not possible. */
export function tryReadText(path: string): ReadText | { readonly problem: string } {
  try {
    const about = statSync(path);
    if (about.isDirectory()) return { problem: "is a folder" };
    // A pipe as in `ddiff lint <(generate)` is read to its end; a device may have none.
    if (!about.isFile() && !about.isFIFO()) return { problem: "is not a file" };
    if (about.size > largest) return { problem: "is larger than 4 MiB" };
    return decodeText(readFileSync(path));
  } catch (error) {
    return { problem: reasons[systemErrorCode(error) ?? ""] ?? `cannot be read: ${messageOf(error)}` };
  }
}

/** The text of a file's bytes, or why there is none. */
export function decodeText(bytes: Buffer): ReadText | { readonly problem: string } {
  if (bytes.length > largest) return { problem: "is larger than 4 MiB" };
  if (bytes.includes(0)) return { problem: "is not text" };
  const text = bytes.toString("utf8");
  return { text: text.startsWith("\uFEFF") ? text.slice(1) : text, bytes };
}

/** Why a text that an editor holds is not checked, as half a sentence. */
export function problemOfText(text: string): string | undefined {
  // No UTF-16 unit takes more than three bytes: most texts need no counting.
  if (text.length * 3 > largest && Buffer.byteLength(text) > largest) return "is larger than 4 MiB";
  return text.includes("\0") ? "is not text" : undefined;
}

/** A file's text, `undefined` where it cannot be read. */
export function readText(path: string): string | undefined {
  const read = tryReadText(path);
  return "text" in read ? read.text : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  EACCES: "may not be read by this user",
  ELOOP: "is a symbolic link that leads to itself",
  ENOTDIR: "is not there",
};
