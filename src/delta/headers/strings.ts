import { column, type HeaderColumns, invalidHeaders } from "./columns.ts";

/** Bits of a joint: which string the new one is like, and how. */
const whole = 8;
const withSuffix = 4;

/**
 * Codes a string by what it shares with one of up to four others: all of it, or its beginning and, where that pays, its end.
 * How much of the beginning is told relative to the directory of the other, so that siblings code alike everywhere.
 */
export function codeString(columns: HeaderColumns, like: readonly string[], text: string): string {
  const joint = columns.byte(column.joints, columns.reading ? 0 : bestJoint(like, text));
  const other = like[joint & 3];
  if (other === undefined || joint > (whole | 3)) throw invalidHeaders("names refer to none before");
  if ((joint & whole) !== 0) return other;
  const directory = directoryLength(other);
  const prefix =
    directory + columns.signed(column.prefixes, columns.reading ? 0 : commonPrefix(other, text) - directory);
  let suffix = 0;
  if ((joint & withSuffix) !== 0) {
    suffix = columns.unsigned(column.prefixes, columns.reading ? 0 : commonSuffix(other, text));
  }
  if (prefix < 0 || prefix + suffix > other.length) throw invalidHeaders("names share more than there is");
  const middle = columns.text(column.text, columns.reading ? "" : text.slice(prefix, text.length - suffix));
  return other.slice(0, prefix) + middle + other.slice(other.length - suffix);
}

function bestJoint(like: readonly string[], text: string): number {
  let best = 0;
  let bestGain = -1;
  for (const [i, other] of like.entries()) {
    if (other === text) return i | whole;
    const suffix = commonSuffix(other, text);
    // A short suffix is cheaper as text.
    const useSuffix = suffix > 3;
    const gain = commonPrefix(other, text) + (useSuffix ? suffix : 0);
    if (gain > bestGain) {
      bestGain = gain;
      best = i | (useSuffix ? withSuffix : 0);
    }
  }
  return best;
}

/** Length of the directory part, its slash included. */
function directoryLength(path: string): number {
  return path.lastIndexOf("/") + 1;
}

function commonPrefix(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/** What the ends share behind the common prefix. */
function commonSuffix(a: string, b: string): number {
  const end = Math.min(a.length, b.length) - commonPrefix(a, b);
  let length = 0;
  while (length < end && a.charCodeAt(a.length - 1 - length) === b.charCodeAt(b.length - 1 - length))
    length++;
  return length;
}

/** A change of one path component (`numpy-1.24.0.dist-info` to `numpy-1.24.1.dist-info`) that may repeat. */
export interface Renaming {
  from: string;
  to: string;
}

/** The whole path components in which two paths differ; undefined where they are equal. */
export function renamingOf(from: string, to: string): Renaming | undefined {
  if (from === to) return undefined;
  const prefix = commonPrefix(from, to);
  const suffix = commonSuffix(from, to);
  const start = from.lastIndexOf("/", prefix - 1) + 1;
  const slash = from.indexOf("/", from.length - suffix);
  const kept = slash < 0 ? 0 : from.length - slash;
  return { from: from.slice(start, from.length - kept), to: to.slice(start, to.length - kept) };
}

/** The path with the renaming applied where it fits. */
export function rename(path: string, renaming: Renaming | undefined): string {
  if (renaming === undefined || renaming.from === "") return path;
  const at = path.indexOf(renaming.from);
  return at < 0 ? path : path.slice(0, at) + renaming.to + path.slice(at + renaming.from.length);
}
