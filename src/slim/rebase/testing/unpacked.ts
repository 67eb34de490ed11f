import { decodeName } from "../../../tar/names.ts";
import type { TarEntry } from "../../../tar/entry.ts";
import { readTar } from "../../../tar/reader.ts";
import { Readable } from "node:stream";

/** What stands at a path after layers were unpacked one over the other. Other names of a file are the same object. */
export interface Unpacked {
  type: string;
  mode: number;
  owner: string;
  /** Undefined for a folder that no tar names. */
  time: string | undefined;
  target: string;
  device: string;
  attributes: string;
  content: string;
}

/** Unpacks layers as a simple engine would, into memory and with no code of those who stack them: for tests to compare with. */
export async function unpack(tars: readonly Buffer[]): Promise<Map<string, Unpacked>> {
  const files = new Map<string, Unpacked>();
  for (const tar of tars) {
    const entries = await entriesOf(tar);
    for (const { entry } of entries) hide(files, clean(entry.path));
    for (const { entry, content } of entries) put(files, entry, content);
  }
  return files;
}

/** All that can be told of each path, folders that no tar names among it; names of one file have the same number. */
export function listing(files: ReadonlyMap<string, Unpacked>, times = true): Record<string, unknown> {
  const numbers = new Map<Unpacked, number>();
  const paths = [...files.keys()].sort();
  for (const path of paths) {
    const file = files.get(path) as Unpacked;
    if (!numbers.has(file)) numbers.set(file, numbers.size);
  }
  return Object.fromEntries(
    paths.map((path) => {
      const { time, ...file } = files.get(path) as Unpacked;
      const number = numbers.get(files.get(path) as Unpacked);
      return [path, times ? { ...file, time, number } : { ...file, number }];
    }),
  );
}

async function entriesOf(tar: Buffer): Promise<{ entry: TarEntry; content: string }[]> {
  const entries: { entry: TarEntry; content: string }[] = [];
  for await (const event of readTar(Readable.from([tar]))) {
    if (event.kind === "entry") entries.push({ entry: event.entry, content: "" });
    else if (event.kind === "data") {
      const last = entries.at(-1);
      if (last !== undefined) last.content += event.bytes.toString("latin1");
    }
  }
  return entries;
}

function clean(path: string): string {
  return path.replace(/^(?:\.?\/)+|\/+$/g, "");
}

function hide(files: Map<string, Unpacked>, path: string): void {
  const at = path.lastIndexOf("/") + 1;
  const [folder, name] = [path.slice(0, at), path.slice(at)];
  if (!name.startsWith(".wh.")) return;
  const isOpaque = name === ".wh..wh..opq";
  for (const known of files.keys()) {
    const gone = `${folder}${name.slice(4)}`;
    if (isOpaque ? known.startsWith(folder) : known === gone || known.startsWith(`${gone}/`))
      files.delete(known);
  }
}

function put(files: Map<string, Unpacked>, entry: TarEntry, content: string): void {
  const path = clean(entry.path);
  if (path.slice(path.lastIndexOf("/") + 1).startsWith(".wh.")) return;
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
    const folder = path.slice(0, at);
    if (!files.has(folder)) files.set(folder, implied());
    if (files.get(folder)?.type !== "directory") throw new Error(`${folder} is no folder`);
  }
  if (entry.type !== "directory" || files.get(path)?.type !== "directory")
    for (const known of files.keys()) if (known === path || known.startsWith(`${path}/`)) files.delete(known);
  if (entry.type === "hardlink") {
    const file = files.get(clean(entry.linkPath));
    if (file === undefined) throw new Error(`${path} links to nothing`);
    files.set(path, file);
    return;
  }
  files.set(path, {
    type: entry.type,
    mode: entry.type === "symlink" ? 0 : entry.mode,
    owner: `${entry.uid}:${entry.gid}`,
    time: entry.pax.get("mtime") ?? String(entry.mtime),
    target: entry.type === "symlink" ? entry.linkPath : "",
    device: `${entry.devMajor},${entry.devMinor}`,
    attributes: [...entry.pax]
      .filter(([key]) => key.startsWith("SCHILY.xattr."))
      .map(([key, value]) => `${key}=${decodeName(Buffer.from(value, "latin1"))}`)
      .sort()
      .join(),
    content,
  });
}

function implied(): Unpacked {
  const none = { target: "", device: "0,0", attributes: "", content: "" };
  return { type: "directory", mode: 0o755, owner: "0:0", time: undefined, ...none };
}
