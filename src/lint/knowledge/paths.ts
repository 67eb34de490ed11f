import { posix } from "node:path";
import type { Dockerfile, Instruction, State } from "../../dockerfile/document.ts";
import type { ShellCommand, ShellWord } from "../../dockerfile/shell.ts";
import { homeOf } from "./caches.ts";
import type { Use } from "./commands.ts";
import { imageSets, rootImage } from "./variables.ts";

/** Stands for the folder in which an image of which little is known starts. */
export const unknownFolder = "/?";

/** The folder in which instructions of a stage work: WORKDIR, or that of its base. */
export function startFolder(file: Dockerfile, instruction: Instruction): string {
  const { workdir } = file.before(instruction);
  if (workdir !== undefined) return workdir;
  const stage = file.stages[instruction.stage];
  const image = stage === undefined ? undefined : rootImage(stage);
  // The plain images of systems and languages start in the root.
  return imageSets(image, "PWD") === undefined ? unknownFolder : "/";
}

/** The folder in which a command of a RUN runs: WORKDIR and the `cd`s before it; undefined where that cannot be known. */
export function folderOf(file: Dockerfile, { instruction, script, command }: Use): string | undefined {
  const state = file.before(instruction);
  let folder: string | undefined = startFolder(file, instruction);
  for (const one of script.commands) {
    if (one === command) return folder;
    if (one.name !== "cd" && one.name !== "pushd" && one.name !== "popd") continue;
    if (one.depth > command.depth) continue;
    const [to] = one.args;
    folder =
      one.name === "popd" || folder === undefined || to === undefined
        ? undefined
        : absoluteWord(to, folder, state);
  }
  return folder;
}

/** A word as an absolute path without a slash at its end; undefined where a variable or pattern in it is not known. */
export function absoluteWord(
  word: Pick<ShellWord, "value" | "literal" | "raw">,
  folder: string | undefined,
  state: State,
): string | undefined {
  let { value } = word;
  const home = /^(?:~|\$HOME|\$\{HOME\})(?=\/|$)/;
  if (home.test(value)) value = value.replace(home, () => homeOf(state, state.variables.get("HOME")));
  else if (!word.literal) return undefined;
  return absolutePath(value, folder);
}

/** A path from a folder, without a slash at its end. */
export function absolutePath(path: string, folder: string | undefined): string | undefined {
  if (/[$*?[{]/.test(path) || path === "") return undefined;
  if (folder?.startsWith(unknownFolder) === true && path.includes("..") && !path.startsWith("/"))
    return undefined;
  const whole = path.startsWith("/") ? path : folder === undefined ? undefined : `${folder}/${path}`;
  if (whole === undefined) return undefined;
  const clean = posix.normalize(whole);
  return clean.length > 1 ? clean.replace(/\/+$/, "") : clean;
}

/** The words of `rm`, `mkdir` and their like that are paths. */
export function pathWords(command: ShellCommand): ShellWord[] {
  return command.args.filter((word) => !word.value.startsWith("-"));
}

/** A path as people see it: what is below an unknown folder is relative to it. */
export function shownPath(path: string): string {
  return path.startsWith(`${unknownFolder}/`) ? path.slice(unknownFolder.length + 1) : path;
}
