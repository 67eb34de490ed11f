import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import type { IgnoreFile } from "../dockerfile/ignore-file.ts";
import { readIgnoreFile } from "../dockerfile/read-ignore-file.ts";

/** Larger files are none that a rule reads. */
const largestRead = 1024 * 1024;
const mostFiles = 20_000;

/** A folder that is sent to builders, read as far as somebody asks. */
export interface BuildContext {
  /** Absolute, symbolic links followed. */
  readonly root: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  read(path: string): string | undefined;
  /** Whether a file or folder of this name is there. */
  has(path: string): boolean;
  /** The .dockerignore of the build of a Dockerfile (absolute path): the one named after it counts before that of the folder. */
  ignoreOf(dockerfile: string | undefined): IgnoreFile | undefined;
}

/** Opens contexts by folder (absolute), each once. */
export function openContexts(): (folder: string) => BuildContext | undefined {
  const kept = new Map<string, BuildContext | undefined>();
  return (folder) => {
    if (kept.has(folder)) return kept.get(folder);
    const context = openContext(folder);
    kept.set(folder, context);
    return context;
  };
}

function openContext(folder: string): BuildContext | undefined {
  let root: string;
  try {
    root = realpathSync(folder);
    if (!statSync(root).isDirectory()) return undefined;
  } catch {
    return undefined;
  }
  let files: { path: string; size: number }[] | undefined;
  const texts = new Map<string, string | undefined>();
  const ignores = new Map<string, IgnoreFile | undefined>();
  const known = new Map<string, boolean>();
  const readIgnore = (path: string): IgnoreFile | undefined => {
    if (ignores.has(path)) return ignores.get(path);
    const text = readSmall(path);
    const read = text === undefined ? undefined : readIgnoreFile(text);
    ignores.set(path, read);
    return read;
  };
  return {
    root,
    get files() {
      return (files ??= listFiles(root));
    },
    read(path) {
      if (!texts.has(path)) texts.set(path, readInside(root, path));
      return texts.get(path);
    },
    has(path) {
      let answer = known.get(path);
      if (answer === undefined) known.set(path, (answer = resolveInside(root, path) !== undefined));
      return answer;
    },
    ignoreOf: (dockerfile) =>
      (dockerfile === undefined ? undefined : readIgnore(`${dockerfile}.dockerignore`)) ??
      readIgnore(join(root, ".dockerignore")),
  };
}

/** The real path of something in a folder, `undefined` where it is not there or leads out of it. */
function resolveInside(root: string, path: string): string | undefined {
  try {
    const real = realpathSync(join(root, path));
    const within = relative(root, real);
    return within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within) ? undefined : real;
  } catch {
    return undefined;
  }
}

function readInside(root: string, path: string): string | undefined {
  const real = resolveInside(root, path);
  return real === undefined ? undefined : readSmall(real);
}

function readSmall(path: string): string | undefined {
  try {
    const about = statSync(path);
    if (!about.isFile() || about.size > largestRead) return undefined;
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch {
    return undefined;
  }
}

/** A file whose size is asked of the disk when somebody asks for it: most rules want the names alone. */
class ListedFile {
  readonly path: string;
  readonly #root: string;
  #size: number | undefined;

  constructor(root: string, path: string) {
    this.#root = root;
    this.path = path;
  }

  get size(): number {
    return (this.#size ??= lstatSync(`${this.#root}/${this.path}`, { throwIfNoEntry: false })?.size ?? 0);
  }
}

/** Every file below a folder, nearest first, so that a limit leaves out what lies deep. */
function listFiles(root: string): { path: string; size: number }[] {
  const found: { path: string; size: number }[] = [];
  const folders = [""];
  for (let at = 0; at < folders.length && found.length < mostFiles; at += 1) {
    const folder = folders[at] ?? "";
    for (const entry of entriesOf(`${root}/${folder}`)) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== ".git") folders.push(path);
      } else if (entry.isFile()) {
        found.push(new ListedFile(root, path));
      }
      if (found.length >= mostFiles || folders.length > mostFiles) break;
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function entriesOf(folder: string): ReturnType<typeof readDirectory> {
  try {
    return readDirectory(folder).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function readDirectory(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}
