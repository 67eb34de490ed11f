import type { FileTree } from "../../../inspect/file-tree.ts";
import type { Placed } from "../../../inspect/image-view.ts";
import type { ElfFacts } from "../../../inspect/inventory.ts";
import { isFound } from "../patterns.ts";

/** A library that a file needs and that the search does not find. */
export interface LostLibrary {
  /** With `/` in front. */
  file: string;
  library: string;
  /** A file of that name, of the same machine, elsewhere in the image: it serves where something loads it before. */
  elsewhere: string | undefined;
}

/** Debian's names of machines, by which its loaders look too; elsewhere the folders are not there. */
const triplets: Readonly<Record<string, string>> = {
  x86_64: "x86_64-linux-gnu",
  "386": "i386-linux-gnu",
  aarch64: "aarch64-linux-gnu",
  arm: "arm-linux-gnueabihf",
  ppc64: "powerpc64le-linux-gnu",
  s390x: "s390x-linux-gnu",
  riscv: "riscv64-linux-gnu",
  loongarch: "loongarch64-linux-gnu",
  mips: "mips64el-linux-gnuabi64",
};
const loaderName = /^(?:ld-linux[^/]*\.so\.[0-9]+|ld64\.so\.[0-9]+|ld\.so\.1|ld-musl-[^/]+\.so\.1)$/;
const mostIncludes = 200;

interface Binary {
  path: string;
  elf: ElfFacts;
}

/**
 * Looks for the libraries that programs and libraries need as the dynamic loader does (ld.so(8)): DT_RPATH of the file and of those that
 * load it, LD_LIBRARY_PATH, DT_RUNPATH, the folders of ld.so.conf where there is a cache of them, the default folders; musl's loader by its
 * own order. Only files of a machine that the image has a loader for, and of `machine`, are looked at.
 */
export class LibrarySearch {
  readonly #tree: FileTree;
  readonly #binaries: Binary[] = [];
  /** Files by their name and by their soname. */
  readonly #named = new Map<string, Binary[]>();
  readonly #folders = new Map<string, string | undefined>();
  readonly #libraryPath: string[];
  readonly #configured: string[];
  readonly #musl: boolean;
  readonly #muslPaths: string[];

  constructor(tree: FileTree, options: { machine: string; env: ReadonlyMap<string, string> }) {
    this.#tree = tree;
    const all: Binary[] = [];
    for (const [path, placed] of tree.view.visible) {
      const { elf } = placed.content;
      if (elf !== undefined && (elf.kind === "shared" || elf.kind === "executable")) all.push({ path, elf });
    }
    const loaders = all.filter(({ path }) => loaderName.test(nameOf(path)));
    const machines = new Set([options.machine, ...loaders.map(({ elf }) => elf.machine)]);
    this.#binaries = all.filter(
      ({ path, elf }) => machines.has(elf.machine) && !path.startsWith("usr/lib/debug/"),
    );
    for (const binary of this.#binaries) {
      for (const name of new Set([nameOf(binary.path), binary.elf.soname])) add(this.#named, name, binary);
    }
    this.#libraryPath = listOf(options.env.get("LD_LIBRARY_PATH"));
    this.#musl = loaders.length > 0 && loaders.every(({ path }) => nameOf(path).startsWith("ld-musl-"));
    this.#muslPaths = this.#musl ? muslPaths(tree, loaders) : [];
    // The loader reads the cache, not the configuration: what ldconfig was not run for is not found.
    this.#configured = tree.find("etc/ld.so.cache") === undefined ? [] : configuredFolders(tree);
  }

  /** What is not found, in the order of the files. */
  lost(): LostLibrary[] {
    const lost: { binary: Binary; library: string }[] = [];
    /** Who needs a file, so that the DT_RPATH of those that load it can be asked. */
    const users = new Map<string, Binary[]>();
    for (const binary of this.#binaries) {
      for (const library of binary.elf.needed) {
        const found = this.#search(library, binary);
        if (found === undefined) lost.push({ binary, library });
        else add(users, found, binary);
      }
    }
    return lost
      .filter(({ binary, library }) => !this.#inherited(library, binary, users))
      .map(({ binary, library }) => ({
        file: `/${binary.path}`,
        library,
        elsewhere: this.#elsewhere(library, binary.elf),
      }));
  }

  /** Programs of the machine whose loader is not there. */
  withoutLoader(machine: string): { file: string; loader: string }[] {
    return this.#binaries
      .filter(({ elf }) => elf.machine === machine && elf.kind !== "other" && elf.interpreter.startsWith("/"))
      .filter(({ elf }) => this.#tree.find(elf.interpreter) === undefined)
      .map(({ path, elf }) => ({ file: `/${path}`, loader: elf.interpreter }));
  }

  /** The path of a library as the loader would find it for this file alone; undefined where it would not. */
  #search(library: string, { path, elf }: Binary): string | undefined {
    if (library.includes("/")) {
      const [direct] = expand(library, path, elf);
      return direct?.startsWith("/") === true ? this.#fitting(direct, elf) : undefined;
    }
    // The loader itself is there before anything else.
    if (loaderName.test(library)) return this.#named.get(library)?.[0]?.path;
    const own = (list: readonly string[]): string[] => list.flatMap((entry) => expand(entry, path, elf));
    const places = this.#musl
      ? [...this.#libraryPath, ...own(elf.rpath), ...own(elf.runpath), ...this.#muslPaths]
      : [
          ...own(elf.rpath),
          ...this.#libraryPath,
          ...own(elf.runpath),
          ...this.#configured,
          ...defaultFolders(elf),
        ];
    return this.#inFolders(places, library, elf);
  }

  #inFolders(folders: readonly string[], library: string, elf: ElfFacts): string | undefined {
    for (const folder of folders) {
      const real = this.#realFolder(folder);
      const found = real === undefined ? undefined : this.#fitting(`${real}/${library}`, elf);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #realFolder(folder: string): string | undefined {
    if (!this.#folders.has(folder)) {
      const found = folder.startsWith("/") ? this.#tree.find(folder) : undefined;
      this.#folders.set(
        folder,
        found === undefined || !this.#tree.isFolder(found) ? undefined : `/${found.path}`,
      );
    }
    return this.#folders.get(folder);
  }

  /** The real path of a library for this machine: the loader passes over files of others. */
  #fitting(path: string, { machine, bits }: ElfFacts): string | undefined {
    const direct = this.#tree.view.visible.get(path.slice(1));
    const found: { path: string; placed: Placed | undefined } | undefined =
      direct?.content.elf === undefined ? this.#tree.find(path) : { path: path.slice(1), placed: direct };
    const elf = found?.placed?.content.elf;
    return elf?.machine === machine && elf.bits === bits ? found?.path : undefined;
  }

  /** Whether the DT_RPATH of a file that loads this one leads to the library, at whatever distance, or that of its environment's programs. */
  #inherited(library: string, binary: Binary, users: ReadonlyMap<string, readonly Binary[]>): boolean {
    if (binary.elf.runpath.length > 0) return false;
    const seen = new Set([binary.path]);
    const waiting = [...(users.get(binary.path) ?? []), ...this.#programsAbove(binary.path)];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      if (seen.has(one.path)) continue;
      seen.add(one.path);
      const { path, elf } = one;
      const folders = elf.rpath.flatMap((entry) => expand(entry, path, elf));
      if (this.#inFolders(folders, library, binary.elf) !== undefined) return true;
      waiting.push(...(users.get(path) ?? []));
    }
    return false;
  }

  #programs: Map<string, Binary[]> | undefined;

  /** Programs with a DT_RPATH in the `bin` of the folders around a path: conda's python opens modules that rely on it. */
  #programsAbove(path: string): Binary[] {
    if (this.#programs === undefined) {
      this.#programs = new Map();
      for (const binary of this.#binaries) {
        const home = /^(.*)\/bin\/[^/]+$/.exec(`/${binary.path}`)?.[1];
        if (home !== undefined && binary.elf.rpath.length > 0) add(this.#programs, home, binary);
      }
    }
    const found: Binary[] = [];
    if (this.#programs.size === 0) return found;
    const parts = `/${path}`.split("/");
    for (let length = parts.length - 1; length > 0; length -= 1)
      found.push(...(this.#programs.get(parts.slice(0, length).join("/")) ?? []));
    return found;
  }

  #elsewhere(library: string, { machine, bits }: ElfFacts): string | undefined {
    const found = this.#named
      .get(nameOf(library))
      ?.find(({ elf }) => elf.kind === "shared" && elf.machine === machine && elf.bits === bits);
    return found === undefined ? undefined : `/${found.path}`;
  }
}

/** A search path's entry with what the loader puts in (ld.so(8), "Dynamic string tokens"); several where it depends on the system. */
function expand(entry: string, path: string, elf: ElfFacts): string[] {
  const origin = `/${path}`.replace(/\/[^/]*$/, "");
  const plain = entry
    .replaceAll(/\$(?:ORIGIN\b|\{ORIGIN\})/g, () => origin)
    .replaceAll(/\$(?:PLATFORM\b|\{PLATFORM\})/g, () => elf.machine);
  if (!/\$(?:LIB\b|\{LIB\})/.test(plain)) return [plain];
  const names = [`lib/${triplets[elf.machine] ?? elf.machine}`, elf.bits === 64 ? "lib64" : "lib", "lib"];
  return names.map((name) => plain.replaceAll(/\$(?:LIB\b|\{LIB\})/g, () => name));
}

function defaultFolders({ machine, bits }: ElfFacts): string[] {
  const triplet = triplets[machine] ?? machine;
  const wide = bits === 64 ? ["/lib64", "/usr/lib64"] : [];
  return [`/lib/${triplet}`, `/usr/lib/${triplet}`, ...wide, "/lib", "/usr/lib"];
}

/** The folders that ld.so.conf names, included files too (ldconfig(8)). */
function configuredFolders(tree: FileTree): string[] {
  const folders: string[] = [];
  const waiting = ["/etc/ld.so.conf"];
  const seen = new Set<string>();
  for (let file = waiting.shift(); file !== undefined && seen.size < mostIncludes; file = waiting.shift()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const line of (tree.text(file) ?? "").split("\n")) {
      const words = line
        .replace(/#.*/, "")
        .trim()
        .split(/[\s:,]+/);
      if (words[0] === "include")
        waiting.push(...words.slice(1).flatMap((pattern) => matching(tree, pattern)));
      else
        folders.push(...words.filter((word) => word.startsWith("/")).map((word) => word.replace(/=.*/, "")));
    }
  }
  return folders;
}

/** The files of a pattern with `*` and `?` in its last name, sorted. */
function matching(tree: FileTree, pattern: string): string[] {
  const absolute = pattern.startsWith("/") ? pattern : `/etc/${pattern}`;
  const folder = absolute.replace(/\/[^/]*$/, "");
  const source = nameOf(absolute)
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return tree
    .names(folder)
    .filter((name) => isFound(`^${source}$`, name) === true)
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** musl's own list, else what is built into its loader. */
function muslPaths(tree: FileTree, loaders: readonly Binary[]): string[] {
  for (const { path } of loaders) {
    const text = tree.text(`etc/${nameOf(path).replace(/\.so\.1$/, ".path")}`);
    if (text !== undefined) return text.split(/[:\n]/).filter((one) => one.startsWith("/"));
  }
  return ["/lib", "/usr/local/lib", "/usr/lib"];
}

function listOf(text = ""): string[] {
  return text.split(/[:;]/).filter((entry) => entry.startsWith("/"));
}

function add(map: Map<string, Binary[]>, key: string, binary: Binary): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [binary]);
  else known.push(binary);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
