import { posix } from "node:path";
import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { LintContext } from "../rule.ts";
import { filesWithin, keepFor } from "./context-files.ts";
import { copySources, copyTarget, isRemote, allSources, sourceCount } from "./copies.ts";
import { downloadsOf } from "./downloads.ts";
import { switchValue } from "./downloads.ts";
import { mountsOf, isWithin } from "./mounts.ts";
import { absolutePath, absoluteWord, folderOf, startFolder } from "./paths.ts";

/** A file or folder that an instruction puts into its layer. */
export interface Written {
  /** Absolute, without a slash at its end. */
  readonly path: string;
  readonly instruction: Instruction;
  /** `COPY`, `curl`, `git clone`, ... */
  readonly by: string;
  /** Bytes, where the build context has what is copied. */
  readonly size: number | undefined;
}

const kept = new WeakMap<Dockerfile, ReadonlyMap<Instruction, readonly Written[]>>();

/** What an instruction writes, as far as its paths are known; nothing of what goes into a mount. */
export function writtenBy(
  file: Dockerfile,
  instruction: Instruction,
  context: LintContext,
): readonly Written[] {
  if (instruction.keyword === "COPY" || instruction.keyword === "ADD")
    return copied(file, instruction, context);
  return runs(file).get(instruction) ?? [];
}

function copied(file: Dockerfile, instruction: Instruction, context: LintContext): Written[] {
  const target = copyTarget(file, instruction);
  const to = target === undefined ? undefined : absolutePath(target.path, startFolder(file, instruction));
  if (target === undefined || to === undefined) return [];
  const foreign = instruction.flags.some((flag) => flag.name === "from");
  const sources = foreign ? allSources(file, instruction) : copySources(file, instruction);
  const several = sourceCount(instruction) > 1 || target.path.endsWith("/");
  return sources.map(({ path }): Written => {
    const clean = posix.normalize(path).replace(/^(?:\.?\/)+|\/+$/g, "") || ".";
    const { files = [] } = foreign ? {} : context;
    const [first] = clean === "." || /[*?[]/.test(clean) ? [] : filesWithin(files, clean);
    const isFolder = first !== undefined && first.path !== clean;
    // A folder's contents are copied, not the folder itself.
    const whole = clean === "." || /[*?[]/.test(clean) || isFolder || (foreign && path.endsWith("/"));
    const asFile = several && !whole && /\.[^/]+$/.test(clean);
    let size: number | undefined | "unknown" = "unknown";
    return {
      path: asFile ? posix.join(to, posix.basename(clean)) : to,
      instruction,
      by: instruction.keyword,
      // Adding up a context of thousands of files takes long, and few rules ask.
      get size() {
        if (size === "unknown") size = foreign ? undefined : sizeOf(clean, context);
        return size;
      },
    };
  });
}

/** The bytes of a file or folder of the build context; undefined where there is none, or no context. */
function sizeOf(path: string, { files, ignore }: LintContext): number | undefined {
  if (isRemote(path) || files === undefined) return undefined;
  return keepFor(files, ignore, `bytes of ${path}`, () => {
    const pattern = /[*?[]/.test(path) ? asPattern(path) : undefined;
    const candidates = pattern === undefined ? filesWithin(files, path) : files;
    const sent = candidates.filter(
      (one) => pattern?.test(one.path) !== false && ignore?.ignores(one.path) !== true,
    );
    return sent.length === 0 ? undefined : sent.reduce((sum, one) => sum + one.size, 0);
  });
}

function asPattern(path: string): RegExp {
  const text = path
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("[", "\\[")
    .replaceAll("]", "\\]");
  return new RegExp(`^${text.replace(/\*+/g, "[^/]*").replaceAll("?", "[^/]")}(?:/|$)`);
}

function runs(file: Dockerfile): ReadonlyMap<Instruction, readonly Written[]> {
  let map = kept.get(file);
  if (map === undefined) {
    const lists = new Map<Instruction, Written[]>();
    const add = (instruction: Instruction, by: string, path: string | undefined): void => {
      if (path === undefined || path.startsWith("/dev/")) return;
      const mounted = mountsOf(file, instruction).some(
        ({ target }) => target === undefined || isWithin(path, target),
      );
      if (mounted) return;
      const list = lists.get(instruction);
      const written = { path, instruction, by, size: undefined };
      if (list === undefined) lists.set(instruction, [written]);
      else list.push(written);
    };
    for (const one of downloadsOf(file)) add(one.instruction, one.command.name, one.path);
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "RUN") continue;
      for (const script of readShell(file, instruction)) {
        for (const command of script.commands) {
          const place = placeOf(file, { instruction, script, command });
          if (place !== undefined) add(instruction, place[0], place[1]);
        }
      }
    }
    map = lists;
    kept.set(file, map);
  }
  return map;
}

type Use = Parameters<typeof folderOf>[1];

/** The folder that a command fills: clones, environments, what is unpacked. */
function placeOf(file: Dockerfile, use: Use): [string, string | undefined] | undefined {
  const { name, args } = use.command;
  const state = file.before(use.instruction);
  const folder = (): string | undefined => folderOf(file, use);
  const plain = args.filter((word) => !word.value.startsWith("-"));
  if (name === "git" && plain[0]?.value === "clone") {
    const cloned = cloneOf(args);
    if (cloned === undefined) return undefined;
    const into = cloned.into === undefined ? undefined : absoluteWord(cloned.into, folder(), state);
    return ["git clone", cloned.into === undefined ? absolutePath(cloned.name, folder()) : into];
  }
  if (name === "uv" && plain[0]?.value === "venv") {
    const to = plain[1];
    return [
      "uv venv",
      to === undefined ? absolutePath(".venv", folder()) : absoluteWord(to, folder(), state),
    ];
  }
  if (/^python[\d.]*$/.test(name)) {
    const at = args.findIndex((word) => word.value === "-m");
    const to = args.slice(at + 2).find((word) => !word.value.startsWith("-"));
    if (at < 0 || args[at + 1]?.value !== "venv" || to === undefined) return undefined;
    return ["venv", absoluteWord(to, folder(), state)];
  }
  if (name === "tar") {
    const to = switchValue(args, ["--directory"], "C", "fCXTb");
    return to === undefined ? undefined : ["tar", absoluteWord(to, folder(), state)];
  }
  if (name === "unzip") {
    const to = switchValue(args, [], "d", "dxP");
    return to === undefined ? undefined : ["unzip", absoluteWord(to, folder(), state)];
  }
  return undefined;
}

/** What `git clone` clones, and where to. */
export function cloneOf(
  args: Use["command"]["args"],
):
  | { url: Use["command"]["args"][number]; into: Use["command"]["args"][number] | undefined; name: string }
  | undefined {
  const valued =
    /^(?:-b|--branch|-o|--origin|-c|--config|--depth|-j|--jobs|--reference|--template|-u|--upload-pack|--separate-git-dir|--filter|-C|--shallow-since)$/;
  const at = args.findIndex((word) => word.value === "clone");
  const plain: Use["command"]["args"][number][] = [];
  for (let next = at + 1; next < args.length; next += 1) {
    const word = args[next];
    if (word === undefined) break;
    if (valued.test(word.value)) next += 1;
    else if (!word.value.startsWith("-")) plain.push(word);
  }
  const [url, into] = plain;
  if (at < 0 || url === undefined) return undefined;
  return { url, into, name: posix.basename(url.value.replace(/\/+$/, "")).replace(/\.git$/, "") };
}
