import { column, type HeaderColumns, invalidHeaders } from "./columns.ts";

/** A run of bytes that differ, `gap` bytes behind the run before. */
interface Fix {
  gap: number;
  bytes: string;
}

/** Beyond this many bytes a header is sent as it is. */
const limit = 256;

/** The runs in which two byte strings of one length differ; undefined where lengths differ or too much does. */
export function findFixes(built: Buffer, header: Buffer): Fix[] | undefined {
  if (built.length !== header.length) return undefined;
  const fixes: Fix[] = [];
  let total = 0;
  let end = 0;
  for (let at = 0; at < header.length; ) {
    if (built[at] === header[at]) {
      at++;
      continue;
    }
    const start = at;
    while (at < header.length && (built[at] !== header[at] || built[at + 1] !== header[at + 1])) at++;
    total += at - start + 2;
    if (total > limit) return undefined;
    fixes.push({ gap: start - end, bytes: header.toString("latin1", start, at) });
    end = at;
  }
  return fixes;
}

/** Codes the runs and puts them into `built`. */
export function codeFixes(columns: HeaderColumns, built: Buffer, fixes: Fix[]): void {
  const count = columns.unsigned(column.fixes, fixes.length);
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += columns.unsigned(column.fixes, fixes[i]?.gap ?? 0);
    const bytes = columns.bytes(column.fixes, fixes[i]?.bytes ?? "");
    if (at + bytes.length > built.length) throw invalidHeaders("corrections lie outside");
    built.write(bytes, at, "latin1");
    at += bytes.length;
  }
}
