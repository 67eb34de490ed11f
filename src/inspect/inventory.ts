import type { Digest } from "../oci/digest.ts";
import type { TarType } from "../tar/entry.ts";

/** What an ELF file says of itself (System V ABI, chapters 4 and 5). */
export interface ElfFacts {
  /** `x86_64`, `aarch64` and the like; `em-N` for a machine without a name here. */
  machine: string;
  bits: 32 | 64;
  kind: "executable" | "shared" | "relocatable" | "core" | "other";
  /** DT_SONAME; "" where there is none. */
  soname: string;
  /** DT_NEEDED, in order. */
  needed: string[];
  /** DT_RPATH, in order, where there is no DT_RUNPATH: it holds for what the needed libraries need too. */
  rpath: string[];
  /** DT_RUNPATH, in order: it holds for this file's own needs alone. */
  runpath: string[];
  /** PT_INTERP; "" for what is no dynamic program. */
  interpreter: string;
}

/** One entry of a layer. Bytes that are not UTF-8 in names are lone surrogates (tar/names.ts). */
export interface InventoryEntry {
  /** Without `./` or `/` in front and `/` behind; "" for the root. Whiteouts keep their `.wh.` name. */
  path: string;
  type: TarType;
  /** Bytes of content; 0 for a hard link. */
  size: number;
  /** All bytes in the tar: headers, content, padding. */
  tarSize: number;
  /** Permission bits and above. */
  mode: number;
  uid: number;
  gid: number;
  /** Whole seconds since 1970. */
  mtime: number;
  /** Of a symbolic link as written; of a hard link as a path like `path`; else "". */
  linkPath: string;
  /** Names the content (content-hash.ts); "" for no content. */
  hash: string;
  /** Extended attributes, `name=base64 of the value`, sorted, joined by newlines; "" for none. */
  xattrs: string;
  /** Of an ELF file whose headers could be read. */
  elf?: ElfFacts;
}

/** A layer as the analysis knows it. Its identity is `diffId`; nothing in it depends on the image it was read from. */
export interface LayerInventory {
  diffId: Digest;
  /** Bytes of the uncompressed tar. */
  size: number;
  /** In the order of the tar. */
  entries: InventoryEntry[];
  /** Content of the files that package managers and the like keep their records in, by path (see wanted-texts.ts). */
  texts: Map<string, Buffer>;
}
