import { linesOf } from "./lines.ts";

/** A line of RECORD. */
export interface RecordedFile {
  /** As written: relative to the folder that holds the `.dist-info`, or absolute. */
  path: string;
  /** In hex; "" where none is recorded, as for byte code, or it is of another kind. */
  sha256: string;
}

/**
 * The files of a RECORD (PyPA specification "Recording installed projects"): CSV of path, hash, size. A line that is no CSV is
 * taken as far as it can be.
 */
export function* readRecord(text: Buffer): Generator<RecordedFile, void, void> {
  for (const line of linesOf(text)) {
    const { path, rest } = line.startsWith('"') ? quoted(line) : plain(line);
    if (path !== "") yield { path, sha256: sha256In(rest) };
  }
}

function plain(line: string): { path: string; rest: string } {
  const comma = line.indexOf(",");
  return comma < 0 ? { path: line, rest: "" } : { path: line.slice(0, comma), rest: line.slice(comma + 1) };
}

function quoted(line: string): { path: string; rest: string } {
  const [, path = "", rest = ""] = /^"((?:[^"]|"")*)"?,?(.*)$/.exec(line) ?? [];
  return { path: path.replaceAll('""', '"'), rest };
}

function sha256In(rest: string): string {
  if (!rest.startsWith("sha256=")) return "";
  const end = rest.indexOf(",");
  return Buffer.from(rest.slice("sha256=".length, end < 0 ? undefined : end), "base64url").toString("hex");
}
