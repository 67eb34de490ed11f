import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import type { Placed } from "../../../inspect/image-view.ts";
import type { InventoryEntry } from "../../../inspect/inventory.ts";
import { readContents } from "../../../inspect/layer-contents.ts";
import type { Progress } from "../../../util/progress.ts";
import { encodeName } from "../../../tar/names.ts";
import { diskError } from "../../../util/disk.ts";
import { DdiffError, isDdiffError, messageOf } from "../../../util/errors.ts";
import type { CheckedImage } from "../image.ts";

/** Where a tree goes, and whose it becomes. */
export interface UnpackOptions {
  /** An empty folder that only we can enter. */
  root: string;
  /** Gives a file its owner here; undefined: everything stays ours. */
  ownerOf: ((uid: number, gid: number) => { uid: number; gid: number }) | undefined;
  progress: Progress;
  signal: AbortSignal | undefined;
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** What engines put into every container: without it nothing called localhost is found. */
const hosts = { path: "etc/hosts", text: "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n" };

/**
 * Writes the tree that a container sees into an empty folder. Hostile names and links cannot lead out of it: the tree is decided beforehand
 * (inspect/stack.ts: no `..`, nothing below a link), it is made from the top, folders first, then files, each new (O_EXCL, O_NOFOLLOW), and
 * symbolic links last, when nothing is written any more. Devices, pipes, sparse files and extended attributes are left out; the answer has a
 * sentence for each kind of file that was, but for those of /dev, which every container gets anew. Where the image has no /etc/hosts it gets one.
 * Throws `UNPACK_FAILED`, `DISK_FULL`, and what reading throws.
 */
export async function unpackTree(image: CheckedImage, options: UnpackOptions): Promise<string[]> {
  const tree = new TreeWriter(options);
  const { view } = image.tree;
  const folders: [path: string, placed: Placed | undefined][] = [];
  const links: [path: string, placed: Placed][] = [];
  /** Names of one content: the first is written, the others are links to it. */
  const files = new Map<InventoryEntry, [path: string, placed: Placed][]>();
  const left = new Map<string, number>();
  const known = new Set<string>();
  const addFolder = (path: string): void => {
    if (path === "" || known.has(path)) return;
    known.add(path);
    addFolder(parentOf(path));
    folders.push([path, view.visible.get(path)]);
  };
  for (const [path, placed] of view.visible) {
    addFolder(parentOf(path));
    const { type } = placed.content;
    if (placed.entry.type === "directory") addFolder(path);
    else if (placed.entry.type === "symlink" && placed.entry.linkPath !== "") links.push([path, placed]);
    else if (type === "file") {
      const same = files.get(placed.content);
      if (same === undefined) files.set(placed.content, [[path, placed]]);
      else same.push([path, placed]);
    } else if (!path.startsWith("dev/")) left.set(type, (left.get(type) ?? 0) + 1);
  }
  const etc = view.visible.get("etc")?.entry.type ?? "directory";
  const lacksHosts = etc === "directory" && view.visible.get(hosts.path) === undefined;
  if (lacksHosts) addFolder("etc");
  for (const [path] of folders) tree.makeFolder(path);
  if (lacksHosts) tree.makeFile(hosts.path, hosts.text);
  for (const [number, inventory] of view.layers.entries()) {
    const layer = image.image.layers[number];
    const wanted = new Set(inventory.entries.filter((entry) => files.has(entry)));
    if (layer === undefined || wanted.size === 0) continue;
    const task = options.progress.task(`unpacking layer ${layer.diffId.slice(7, 19)}`);
    try {
      await readContents(await image.source.openLayer(layer), inventory, wanted, {
        data(entry, bytes) {
          task.advance(bytes.length);
          tree.write(files.get(entry)?.[0], bytes);
        },
        end(entry) {
          options.signal?.throwIfAborted();
          tree.endFile(files.get(entry) ?? []);
        },
      });
    } finally {
      task.end();
    }
  }
  for (const [path, placed] of links) tree.makeLink(path, placed);
  for (const [path, placed] of folders.reverse()) tree.finishFolder(path, placed);
  return [...left].map(([type, count]) => `files of the kind ${type} were left out: ${count}`);
}

function parentOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "" : path.slice(0, at);
}

/** Makes the parts of a tree below its root. */
class TreeWriter {
  readonly #root: Buffer;
  readonly #ownerOf: UnpackOptions["ownerOf"];
  #open: { path: string; file: number } | undefined;

  constructor({ root, ownerOf }: UnpackOptions) {
    this.#root = Buffer.from(`${root}/`);
    this.#ownerOf = ownerOf;
  }

  makeFolder(path: string): void {
    this.#doing(path, (place) => mkdirSync(place, { mode: 0o700 }));
  }

  /** At last, when nothing is put into it any more. */
  finishFolder(path: string, placed: Placed | undefined): void {
    const { uid, gid, mode } = placed?.entry ?? { uid: 0, gid: 0, mode: 0o755 };
    const owner = this.#ownerOf?.(uid, gid);
    this.#doing(path, (place) => {
      if (owner !== undefined) chownSync(place, owner.uid, owner.gid);
      // A folder of ours that we cannot enter we could not remove either.
      chmodSync(place, owner === undefined ? mode | 0o700 : mode);
    });
  }

  /** A file of root's that the image does not have. */
  makeFile(path: string, text: string): void {
    const owner = this.#ownerOf?.(0, 0);
    this.#doing(path, (place) => {
      writeFileSync(place, text, { flag: "wx", mode: 0o644 });
      if (owner !== undefined) chownSync(place, owner.uid, owner.gid);
    });
  }

  write(first: [path: string, placed: Placed] | undefined, bytes: Buffer): void {
    if (first === undefined) return;
    this.#doing(first[0], () => {
      const file = this.#fileOf(first[0]);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    });
  }

  endFile(names: readonly [path: string, placed: Placed][]): void {
    const [first, ...others] = names;
    if (first === undefined) return;
    const [path, { entry }] = first;
    const owner = this.#ownerOf?.(entry.uid, entry.gid);
    this.#doing(path, (place) => {
      const file = this.#fileOf(path);
      // A mode with set-user-id must come after the owner, which takes it away.
      if (owner !== undefined) chownSync(place, owner.uid, owner.gid);
      fchmodSync(file, entry.mode);
      futimesSync(file, entry.mtime, entry.mtime);
      closeSync(file);
      this.#open = undefined;
    });
    for (const [other] of others) this.#doing(other, (place) => linkSync(this.#placeOf(path), place));
  }

  makeLink(path: string, { entry }: Placed): void {
    const owner = this.#ownerOf?.(entry.uid, entry.gid);
    this.#doing(path, (place) => {
      symlinkSync(encodeName(entry.linkPath), place);
      if (owner !== undefined) lchownSync(place, owner.uid, owner.gid);
    });
  }

  #fileOf(path: string): number {
    if (this.#open?.path !== path) this.#open = { path, file: openSync(this.#placeOf(path), newFile, 0o600) };
    return this.#open.file;
  }

  #placeOf(path: string): Buffer {
    return Buffer.concat([this.#root, encodeName(path)]);
  }

  #doing(path: string, work: (place: Buffer) => void): void {
    try {
      work(this.#placeOf(path));
    } catch (cause) {
      const full = diskError(cause, this.#root.toString());
      if (isDdiffError(full)) throw full;
      throw new DdiffError("UNPACK_FAILED", `/${path} of the image cannot be written: ${messageOf(cause)}`, {
        hint: "An engine would not take it either; --runner none looks at the image without running it.",
        cause,
      });
    }
  }
}
