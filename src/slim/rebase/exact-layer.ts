import { createHash, type Hash } from "node:crypto";
import type { Readable } from "node:stream";
import type { InventoryEntry } from "../../inspect/inventory.ts";
import { describeEntry, digested, mostEntries } from "../../inspect/read-layer.ts";
import { type Digest, Digester } from "../../oci/digest.ts";
import type { TarEntry } from "../../tar/entry.ts";
import { readTar } from "../../tar/reader.ts";
import { DdiffError } from "../../util/errors.ts";

/** An entry with all that an engine makes a file of. Its `hash` is the whole SHA-256 of the content: a file is taken for another by it. */
export interface ExactEntry extends InventoryEntry {
  /** Seconds since 1970 in decimal with up to nine digits behind the point, without needless ones: `1700000000.25`. */
  time: string;
  /** Of a device: `major,minor`; else "". */
  device: string;
  /** PAX records to write again, sorted: attributes, and what no field of a header has; undefined for none. */
  records?: [key: string, value: string][];
  /** Header blocks in base64, of entries that cannot be said in another way: sparse files and types without a common meaning. */
  verbatim?: string;
  /** Of Python's byte code with at least a header: the header's 16 bytes in hex, and the hash of what follows. */
  code?: { head: string; rest: string };
}

/** A layer as it has to be known to tell whether two files are the same in everything. Nothing in it depends on the image. */
export interface ExactLayer {
  diffId: Digest;
  /** Bytes of the uncompressed tar. */
  size: number;
  /** In the order of the tar. */
  entries: ExactEntry[];
}

/** Python's byte code begins with a mark, flags, and the time and size of its source (PEP 552). */
const codeHead = 16;

/** Reads a layer once. Throws `TAR_INVALID` where it is no tar; errors of the stream come through. */
export async function readExactLayer(
  tar: Readable,
  onBytes: (count: number) => void = () => {},
): Promise<ExactLayer> {
  const digester = new Digester();
  const entries: ExactEntry[] = [];
  let content: Content | undefined;
  for await (const event of readTar(digested(tar, digester, onBytes))) {
    if (event.kind === "entry") {
      content?.finish();
      content = undefined;
      if (event.entry.flag === "g") continue;
      const entry = exactEntry(event.entry, event.header);
      entries.push(entry);
      if (entries.length > mostEntries)
        throw new DdiffError("TAR_INVALID", `a layer has more than ${mostEntries} entries`);
      if (event.entry.size > 0) content = new Content(entry);
    } else if (event.kind === "data") content?.add(event.bytes);
  }
  content?.finish();
  return { diffId: digester.digest(), size: digester.size, entries };
}

function exactEntry(entry: TarEntry, header: Buffer): ExactEntry {
  const isDevice = entry.type === "char" || entry.type === "block";
  const records = [...entry.pax].filter(([key]) => !told.test(key)).sort(byKey);
  return {
    ...describeEntry(entry),
    time: timeOf(entry),
    device: isDevice ? `${entry.devMajor},${entry.devMinor}` : "",
    ...(records.length === 0 ? {} : { records }),
    ...(entry.type === "sparse" || entry.type === "other" ? { verbatim: header.toString("base64") } : {}),
  };
}

/** Records whose meaning a writer finds in the fields of a header, and names of owners, which no engine looks at. */
const told = /^(?:path|linkpath|size|uid|gid|uname|gname|mtime|charset|hdrcharset|comment|GNU\.sparse\..*)$/;

function byKey([one]: [string, string], [other]: [string, string]): number {
  return one < other ? -1 : 1;
}

/** The time as written: a number would lose the nanoseconds. */
function timeOf(entry: TarEntry): string {
  const [, sign = "", whole = "", part = ""] =
    /^(-?)([0-9]+)(?:\.([0-9]*))?$/.exec(entry.pax.get("mtime") ?? "") ?? [];
  if (whole === "") return String(entry.mtime);
  const seconds = whole.replace(/^0+(?=.)/, "");
  const fraction = part.slice(0, 9).replace(/0+$/, "");
  const time = fraction === "" ? seconds : `${seconds}.${fraction}`;
  return time === "0" ? time : `${sign}${time}`;
}

/** Names the content of an entry while it streams by. */
class Content {
  readonly #entry: ExactEntry;
  readonly #whole = createHash("sha256");
  readonly #head: Buffer | undefined;
  readonly #rest: Hash | undefined;
  #seen = 0;

  constructor(entry: ExactEntry) {
    this.#entry = entry;
    if (entry.type !== "file" || entry.size < codeHead || !entry.path.endsWith(".pyc")) return;
    this.#head = Buffer.alloc(codeHead);
    this.#rest = createHash("sha256");
  }

  add(bytes: Buffer): void {
    this.#whole.update(bytes);
    if (this.#head !== undefined) {
      const some = Math.max(0, Math.min(bytes.length, codeHead - this.#seen));
      bytes.copy(this.#head, this.#seen, 0, some);
      this.#rest?.update(bytes.subarray(some));
    }
    this.#seen += bytes.length;
  }

  finish(): void {
    this.#entry.hash = this.#whole.digest("hex");
    if (this.#head !== undefined && this.#rest !== undefined)
      this.#entry.code = { head: this.#head.toString("hex"), rest: this.#rest.digest("hex") };
  }
}
