import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type BigIntStats,
  type Stats,
} from "node:fs";
import { open } from "node:fs/promises";
import { DdiffError, messageOf } from "../../util/errors.ts";

/** The unpacked files of one layer. Names are bytes, as tar has them; they are looked up inside the layer only. */
export interface LayerFiles {
  /** Reads a file's content at once to the start of `into`; it must have exactly `size` bytes. Throws `LAYER_CHANGED`. */
  readInto(into: Buffer, name: Buffer, size: number): void;
  /** Fills `into` with a part of a file of `size` bytes; the file stays open until another one is read so. Throws `LAYER_CHANGED`. */
  readPart(into: Uint8Array, name: Buffer, size: number, offset: number): void;
  /** Closes what `readPart` left open. */
  close(): void;
  /** A file's content in pieces; it must have exactly `size` bytes. Throws `LAYER_CHANGED`. */
  read(name: Buffer, size: number): AsyncGenerator<Buffer, void, void>;
}

const pieceSize = 256 << 10;
const maxLinks = 40;
const slash = 0x2f;
/** A pipe put in a file's place must not hang the reader, and a link must not be followed. */
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The files below `folder`, where an engine unpacked a layer. Engines unpack inside a chroot, so a layer may hold files that
 * it wrote through its own links (`lib -> usr/lib`): links on the way are resolved as if `folder` were the root, and lead
 * nowhere else. `what` names the layer in errors.
 */
export function layerFiles(folder: string, what: string): LayerFiles {
  const root = Buffer.from(folder);
  const resolved = new Map<string, Buffer>();

  const locate = (name: Buffer): Buffer => {
    const parts = partsOf(name);
    const last = parts.pop();
    if (last === undefined) throw changed(what, name, "is the layer's root");
    return joined(folderOf(parts), last);
  };

  /** The real folder of a path. Most files share theirs, so the answers are kept. */
  const folderOf = (parts: Buffer[]): Buffer => {
    const key = parts.map((part) => part.toString("latin1")).join("/");
    const known = resolved.get(key);
    if (known !== undefined) return known;
    const found = resolve(root, parts);
    resolved.set(key, found);
    return found;
  };

  const openAt = (name: Buffer, size: number): { descriptor: number; path: Buffer } => {
    try {
      const path = locate(name);
      const descriptor = openSync(path, readFlags);
      const state = fstatSync(descriptor);
      if (state.isFile() && state.size === size) return { descriptor, path };
      closeSync(descriptor);
      throw changed(what, name, state.isFile() ? `has ${state.size} bytes, not ${size}` : "is not a file");
    } catch (error) {
      if (error instanceof DdiffError) throw error;
      throw changed(what, name, `cannot be read: ${messageOf(error)}`, error);
    }
  };

  const fill = (descriptor: number, into: Uint8Array, name: Buffer, offset: number): void => {
    for (let at = 0; at < into.length; ) {
      const count = readSync(descriptor, into, at, into.length - at, offset + at);
      if (count === 0) throw changed(what, name, "became shorter");
      at += count;
    }
  };

  let last: { name: Buffer; descriptor: number } | undefined;
  const close = (): void => {
    if (last !== undefined) closeSync(last.descriptor);
    last = undefined;
  };

  return {
    readInto(into, name, size) {
      const { descriptor } = openAt(name, size);
      try {
        fill(descriptor, into.subarray(0, size), name, 0);
      } finally {
        closeSync(descriptor);
      }
    },
    readPart(into, name, size, offset) {
      if (last?.name.equals(name) !== true) {
        close();
        last = { name, descriptor: openAt(name, size).descriptor };
      }
      fill(last.descriptor, into, name, offset);
    },
    close,
    async *read(name, size) {
      const { descriptor, path } = openAt(name, size);
      closeSync(descriptor);
      // Large files are read without stopping everything else; the folder was checked a moment ago.
      const handle = await open(path, readFlags);
      try {
        let at = 0;
        while (at < size) {
          const bytes = Buffer.allocUnsafe(Math.min(pieceSize, size - at));
          const { bytesRead } = await handle.read(bytes, 0, bytes.length, at);
          if (bytesRead === 0) throw changed(what, name, "became shorter");
          yield bytes.subarray(0, bytesRead);
          at += bytesRead;
        }
      } finally {
        await handle.close();
      }
    },
  };
}

/** Walks folders and links, never above `root`, as a process would whose root it is. */
function resolve(root: Buffer, parts: Buffer[]): Buffer {
  const todo = [...parts].reverse();
  const at: Buffer[] = [];
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part.equals(Buffer.from(".."))) {
      at.pop();
      continue;
    }
    const path = joined(root, ...at, part);
    const state: Stats | BigIntStats = lstatSync(path);
    if (!state.isSymbolicLink()) {
      at.push(part);
      continue;
    }
    if (++links > maxLinks) throw new Error("too many symbolic links");
    const target = readlinkSync(path, { encoding: "buffer" });
    if (target[0] === slash) at.length = 0;
    todo.push(...partsOf(target).reverse());
  }
  return joined(root, ...at);
}

function partsOf(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start <= path.length; ) {
    const found = path.indexOf(slash, start);
    const end = found < 0 ? path.length : found;
    const part = path.subarray(start, end);
    if (part.length > 0 && !(part.length === 1 && part[0] === 0x2e)) parts.push(part);
    start = end + 1;
  }
  return parts;
}

function joined(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from("/"), part])));
}

function changed(what: string, name: Buffer, problem: string, cause?: unknown): DdiffError {
  const sentence = `${JSON.stringify(name.toString())} in the engine's files of ${what} ${problem}`;
  return new DdiffError("LAYER_CHANGED", sentence, {
    hint: "The engine's storage was changed by hand or the image was removed meanwhile: pull or load the image again.",
    cause,
  });
}
