import type { Copies, FileReport } from "./analysis.ts";
import type { InventoryEntry } from "./inventory.ts";

/** Smaller things that stand in the image several times are nobody's worry. */
const leastOfCopies = 1 << 20;
/** Programs below this are scripts and small helpers that share a name by chance. */
const leastProgram = 1 << 20;

type Copy = Copies["copies"][number];

/**
 * Libraries, programs and tools that stand in the image more than once, whatever their versions, largest first. Hard links of one
 * content count once; what is of another machine is another thing.
 */
export function findCopies(files: readonly FileReport[]): Copies[] {
  const groups = new Map<string, { name: string; copies: Map<InventoryEntry, Copy> }>();
  for (const file of files) {
    const name = nameOf(file);
    if (name === undefined) continue;
    const key = `${name} ${file.placed.content.elf?.machine}`;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { name, copies: new Map() }));
    if (!group.copies.has(file.placed.content)) group.copies.set(file.placed.content, copyOf(file));
  }
  const several = [...groups.values()].map(({ name, copies }) => ({ name, copies: [...copies.values()] }));
  return [...several, ...quartoCopies(files)]
    .filter(({ copies }) => copies.length > 1 && bytesOf(copies) >= leastOfCopies)
    .map(({ name, copies }) => ({ name, copies: copies.sort((one, other) => other.bytes - one.bytes) }))
    .sort((one, other) => bytesOf(other.copies) - bytesOf(one.copies));
}

function copyOf({ path, placed, package: owner }: FileReport): Copy {
  return { path, layer: placed.layer, bytes: placed.content.size, package: owner };
}

function bytesOf(copies: readonly Copy[]): number {
  return copies.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The library's or program's name without its version; undefined for what is neither. */
function nameOf({ path, placed }: FileReport): string | undefined {
  const { elf, size } = placed.content;
  if (elf === undefined || elf.kind === "core" || elf.kind === "relocatable") return undefined;
  if (elf.soname !== "") return libraryName(elf.soname);
  if (elf.kind === "executable" || elf.interpreter !== "") {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return size >= leastProgram ? programName(name) : undefined;
  }
  return undefined;
}

/**
 * A soname without version, and without the hash that auditwheel puts in: `libcublas.so.12` and `libcublas-1b2c3d4e.so.11` are
 * `libcublas`.
 */
export function libraryName(soname: string): string {
  const stem = soname.replace(/\.so(?:\..*)?$/, "");
  const plain = stem.replace(/-[0-9a-f]{8}(?:[.-].*)?$/, "").replace(/-\d+(?:\.\d+)+$/, "");
  // NumPy and SciPy bring OpenBLAS under names of their own: libopenblas64_p-r0, libscipy_openblas64_.
  return /^lib(?:scipy_)?openblas/.test(plain) ? "libopenblas" : plain;
}

/** `ffmpeg-linux-x86_64-v7.0.2` is `ffmpeg`, `python3.11` is `python`, `x86_64-linux-gnu-gcc-12` is `gcc-12`. */
function programName(name: string): string {
  return name
    .replace(/^[^-]+-linux-(?:gnu|musl)[^-]*-/, "")
    .replace(/-(?:linux|x86_64|amd64|aarch64|arm64).*$/i, "")
    .replace(/^(python|perl|node|ruby)\d.*$/, "$1");
}

/** Quarto is a folder of programs, not one: it is found by its start script, and counted whole where the folder bears its name. */
function quartoCopies(files: readonly FileReport[]): { name: string; copies: Copy[] }[] {
  const roots = new Map<string, Copy>();
  for (const file of files) {
    const root = /^(.*quarto[^/]*)\/bin\/quarto(?:\.js)?$/.exec(file.path)?.[1];
    if (root !== undefined && file.placed.entry.type !== "symlink")
      roots.set(root, { ...copyOf(file), path: root, bytes: 0 });
  }
  if (roots.size < 2) return [];
  for (const { path, bytes } of files) {
    for (const [root, copy] of roots) if (path.startsWith(`${root}/`)) copy.bytes += bytes;
  }
  return [{ name: "quarto", copies: [...roots.values()] }];
}
