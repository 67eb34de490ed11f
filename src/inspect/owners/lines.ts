import { isUtf8 } from "node:buffer";
import { decodeName } from "../../tar/names.ts";

/** Longer lines name no path and no package. */
const longestLine = 64 << 10;

/** The lines of a record, without their ends, decoded as names in tars are; lines beyond 64 KiB are left out. */
export function* linesOf(bytes: Buffer): Generator<string, void, void> {
  const text = isUtf8(bytes) ? bytes.toString("utf8") : undefined;
  const source = text ?? bytes;
  for (let at = 0; at < source.length; ) {
    const next = source.indexOf("\n", at);
    const end = next < 0 ? source.length : next;
    if (end - at <= longestLine) {
      const line = text === undefined ? decodeName(bytes.subarray(at, end)) : text.slice(at, end);
      yield line.endsWith("\r") ? line.slice(0, -1) : line;
    }
    at = end + 1;
  }
}

/** The first line with something on it, without the space around it; "" where there is none. */
export function firstLine(bytes: Buffer | undefined): string {
  if (bytes === undefined) return "";
  for (const line of linesOf(bytes)) if (line.trim() !== "") return line.trim();
  return "";
}

/**
 * Stanzas of `Field: value` lines, as dpkg's status, Python's METADATA and R's DESCRIPTION have them. Only `wanted` fields are
 * kept, by their written name, without the lines that continue them; the first of a name counts.
 */
export function* stanzasOf(
  bytes: Buffer,
  wanted: ReadonlySet<string>,
): Generator<ReadonlyMap<string, string>, void, void> {
  let fields = new Map<string, string>();
  for (const line of linesOf(bytes)) {
    if (line === "") {
      if (fields.size > 0) yield fields;
      fields = new Map();
      continue;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (wanted.has(name) && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  if (fields.size > 0) yield fields;
}
