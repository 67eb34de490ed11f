import type { Readable } from "node:stream";
import { release } from "../codec/release.ts";
import { type Digest, Digester } from "../oci/digest.ts";
import { roundToBlocks, type TarEntry } from "../tar/entry.ts";
import { encodeName } from "../tar/names.ts";
import { readTar } from "../tar/reader.ts";
import { DdiffError } from "../util/errors.ts";
import { ContentHasher } from "./content-hash.ts";
import { ElfReader, looksLikeElf } from "./elf.ts";
import type { InventoryEntry, LayerInventory } from "./inventory.ts";
import { textKept } from "./wanted-texts.ts";

/** More entries are more than any layer has that was not made to exhaust memory. */
export const mostEntries = 4_000_000;
/** Of one layer; what is beyond it is not kept, and its packages are not known. */
const mostTexts = 512 << 20;
const attributeKey = "SCHILY.xattr.";

/**
 * Reads a layer once, in bounded memory, and checks it against its diffID.
 * Throws `TAR_INVALID` where it is no tar, `DIGEST_MISMATCH`; errors of the stream come through.
 */
export async function readLayer(
  diffId: Digest,
  tar: Readable,
  onBytes: (count: number) => void = () => {},
): Promise<LayerInventory> {
  const digester = new Digester();
  const entries: InventoryEntry[] = [];
  const texts = new Map<string, Buffer>();
  const hasher = await ContentHasher.open();
  let textBytes = 0;
  let content: ContentReader | undefined;
  const finish = (): void => {
    if (content === undefined) return;
    const { entry } = content;
    const text = content.finish();
    if (text !== undefined && textBytes + text.length <= mostTexts) {
      textBytes += text.length;
      texts.set(entry.path, text);
    }
    entry.hash = hasher.finish();
    content = undefined;
  };
  for await (const event of readTar(digested(tar, digester, onBytes))) {
    if (event.kind === "entry") {
      finish();
      if (event.entry.flag === "g") continue;
      const entry = describeEntry(event.entry);
      entries.push(entry);
      if (entries.length > mostEntries)
        throw new DdiffError("TAR_INVALID", `a layer has more than ${mostEntries} entries`);
      if (entry.size > 0) content = new ContentReader(entry, textKept(entry.path));
    } else if (event.kind === "data" && content !== undefined) {
      content.add(event.bytes);
      hasher.add(event.bytes);
    }
  }
  finish();
  const found = digester.digest();
  if (found !== diffId) {
    throw new DdiffError("DIGEST_MISMATCH", `layer ${diffId} has other content: ${found}`, {
      hint: "The data was damaged on its way or at rest: fetch the image again.",
    });
  }
  return { diffId, size: digester.size, entries, texts };
}

/** The same pieces, for a reader that is done with each when it asks for the next; digest and count hear of them on their way. */
export async function* digested(
  stream: Readable,
  digester: Digester,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    digester.update(chunk);
    onBytes(chunk.length);
    yield chunk;
    release(chunk);
  }
}

function isFile(entry: TarEntry): boolean {
  return entry.type === "file" || entry.type === "sparse";
}

/** A tar's entry as inventories have it, its content not named yet. */
export function describeEntry(entry: TarEntry): InventoryEntry {
  return {
    path: plainPath(entry.path),
    type: entry.type,
    size: isFile(entry) ? entry.size : 0,
    tarSize: entry.headerLength + roundToBlocks(entry.size),
    mode: entry.mode & 0o7777,
    uid: entry.uid,
    gid: entry.gid,
    mtime: Math.floor(entry.mtime),
    linkPath: entry.type === "hardlink" ? plainPath(entry.linkPath) : entry.linkPath,
    hash: "",
    xattrs: attributesOf(entry.pax),
  };
}

/** `./usr//lib/` is `usr/lib`. A path with `..` stays as it is: it names nothing that a view would show. */
function plainPath(path: string): string {
  return path
    .replace(/^(?:\.?\/)+|^\.$/, "")
    .replace(/\/(?:\.?\/)+/g, "/")
    .replace(/\/\.?$/, "");
}

function attributesOf(pax: ReadonlyMap<string, string>): string {
  if (pax.size === 0) return "";
  return [...pax]
    .filter(([key]) => key.startsWith(attributeKey))
    .map(([key, value]) => `${key.slice(attributeKey.length)}=${encodeName(value).toString("base64")}`)
    .sort()
    .join("\n");
}

/** Reads a file's ELF headers while its content streams by, and keeps what is wanted of it as text. */
class ContentReader {
  readonly entry: InventoryEntry;
  readonly #wanted: number;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #elf: ElfReader | undefined;
  #seen = 0;

  constructor(entry: InventoryEntry, wanted: number) {
    this.entry = entry;
    this.#wanted = wanted;
  }

  add(bytes: Buffer): void {
    if (this.#seen === 0 && looksLikeElf(bytes)) this.#elf = new ElfReader();
    this.#elf?.add(bytes);
    if (this.#keptBytes < this.#wanted) {
      const part = Buffer.from(bytes.subarray(0, this.#wanted - this.#keptBytes));
      this.#kept.push(part);
      this.#keptBytes += part.length;
    }
    this.#seen += bytes.length;
  }

  /** Ends the content; what was kept of it, if it was wanted. */
  finish(): Buffer | undefined {
    const elf = this.#elf?.finish();
    if (elf !== undefined) this.entry.elf = elf;
    return this.#wanted === 0 ? undefined : Buffer.concat(this.#kept, this.#keptBytes);
  }
}
