import { posix } from "node:path";
import type { Dockerfile, Instruction, State } from "../../dockerfile/document.ts";
import type { ShellCommand } from "../../dockerfile/shell.ts";
import { baseOf, instructionsOf } from "./bases.ts";
import { hasOption, optionValue, type PackageCommand, packageCommands } from "./installs.ts";
import { isWithin, mountsOf } from "./mounts.ts";

/** What is known of the cache that a command fills. */
export interface CacheFate {
  /** Whether its files end up in the layer. */
  readonly kept: boolean;
  /** Where it is, as far as that is known. */
  readonly folder: string;
}

/** How a package manager's cache is found and avoided. */
export interface CacheKind {
  /** Folders below the home folder (`~/.cache/pip`), or absolute ones; any of them holds the cache. */
  readonly folders: readonly string[];
  /** Variables that say another folder, below which `below` is the cache. */
  readonly movedBy: readonly { readonly name: string; readonly below: string }[];
  /** Variables that switch it off when they are set to something true. */
  readonly offBy: readonly string[];
  /** Options that switch it off. */
  readonly offOptions: readonly string[];
  /** The option that says another folder. */
  readonly folderOption: string | undefined;
  /** What an `rm` names that empties it, where its folder cannot be known. */
  readonly removed?: RegExp;
  /** Whether a command, run later in the same RUN, empties it. */
  cleans(command: PackageCommand): boolean;
}

/** What becomes of the cache of one install: kept in the layer, or mounted, switched off, or removed in the same RUN. */
export function cacheFate(file: Dockerfile, install: PackageCommand, kind: CacheKind): CacheFate {
  const state = file.before(install.instruction);
  const variable = (name: string): string | undefined =>
    install.command.assignments.get(name) ?? exported(install, name) ?? state.variables.get(name);
  const folders = foldersOf(file, install, kind, variable);
  const folder = folders[0] ?? "";
  const gone = { kept: false, folder };
  if (kind.offBy.some((name) => isTrue(variable(name)))) return gone;
  if (hasOption(install, ...kind.offOptions)) return gone;
  // A folder that cannot be known may be anywhere, also in a mount.
  if (kind.movedBy.some(({ name }) => variable(name) === undefined && state.variables.has(name))) return gone;
  const mounts = mountsOf(file, install.instruction).filter(
    (mount) => mount.type !== "secret" && mount.type !== "ssh",
  );
  if (mounts.some((mount) => mount.target === undefined)) return gone;
  const caught = (wanted: string): boolean =>
    mounts.some(({ target }) => target !== undefined && covers(target, wanted));
  if (folders.every(caught)) return gone;
  return { kept: !removedLater(file, install, kind, folders), folder };
}

/** `export X=1` earlier in the same script. */
function exported(install: PackageCommand, name: string): string | undefined {
  for (const command of install.script.commands) {
    if (command === install.command) return undefined;
    if (command.name === "") {
      const value = command.assignments.get(name);
      if (value !== undefined) return value;
    }
    if (command.name !== "export") continue;
    const word = command.args.find((one) => one.value.startsWith(`${name}=`));
    if (word !== undefined) return word.value.slice(name.length + 1);
  }
  return undefined;
}

function foldersOf(
  file: Dockerfile,
  install: PackageCommand,
  kind: CacheKind,
  variable: (name: string) => string | undefined,
): string[] {
  const option = kind.folderOption === undefined ? undefined : optionValue(install, kind.folderOption);
  if (option !== undefined) return [option];
  for (const { name, below } of kind.movedBy) {
    const value = variable(name);
    if (value !== undefined && value !== "") return [posix.join(value, below)];
  }
  const home = install.command.through.includes("sudo")
    ? "/root"
    : homeAt(file, install.instruction, variable("HOME"));
  return kind.folders.map((folder) => (folder.startsWith("~") ? `${home}${folder.slice(1)}` : folder));
}

/** The home folder of whoever runs an instruction, with what is known of the base; "~" where a variable names the user. */
function homeAt(file: Dockerfile, instruction: Instruction, home: string | undefined): string {
  const state = file.before(instruction);
  const stage = file.stages[instruction.stage];
  if (state.user !== undefined || (home !== undefined && home !== "") || stage === undefined)
    return homeOf(state, home);
  const before = instructionsOf(stage).filter((one) => one.start < instruction.start);
  if (before.some(({ keyword }) => keyword === "USER")) return "~";
  return homeOf({ user: baseOf(stage)?.user }, home);
}

/** The home folder of whoever runs an instruction, as images have it. */
export function homeOf(state: Pick<State, "user">, home: string | undefined): string {
  if (home !== undefined && home !== "") return home;
  const user = state.user?.split(":")[0];
  if (user === undefined || user === "" || user === "root" || user === "0") return "/root";
  return /^\d+$/.test(user) ? "/" : `/home/${user}`;
}

/** Whether a mount at `target` holds the folder. A home that is only guessed is matched by what stands behind it. */
function covers(target: string, folder: string): boolean {
  if (isWithin(folder, target)) return true;
  const tail = /\/(\.[^/]+(?:\/.*)?)$/.exec(folder)?.[1];
  return tail !== undefined && (target.endsWith(`/${tail}`) || target.endsWith(`/${tail.split("/")[0]}`));
}

function removedLater(
  file: Dockerfile,
  install: PackageCommand,
  kind: CacheKind,
  folders: readonly string[],
): boolean {
  const { commands } = install.script;
  const at = commands.indexOf(install.command);
  const later = commands.slice(at + 1);
  const managers = packageCommands(file, install.instruction);
  return later.some((command) => {
    if (command.name === "rm" || command.name === "find" || command.name === "rmdir") {
      const named = kind.removed !== undefined && command.args.some((word) => kind.removed?.test(word.value));
      return named || folders.some((folder) => removes(command, folder));
    }
    return managers.some((one) => one.command === command && kind.cleans(one));
  });
}

/** Whether an `rm` or `find -delete` takes away a folder or all that is in it. */
export function removes(command: ShellCommand, folder: string): boolean {
  if (
    command.name === "find" &&
    !command.args.some((word) => word.value === "-delete" || word.value === "rm")
  )
    return false;
  return command.args.some(({ value }) => {
    if (value.startsWith("-")) return false;
    const path = value.replace(/^(?:~|\$\{?HOME\}?)/, "/root").replace(/(?:\/\.?\*+|\/\{[^}]*\}|\/)+$/, "");
    if (path === "" || path === "/") return false;
    // `rm -rf /var/lib/apt/lists*` names the folder itself.
    const stem = /^(\/[^*?[]+)\*+$/.exec(path)?.[1];
    if (stem !== undefined && folder.startsWith(stem)) return true;
    return isWithin(folder, path) || covers(path, folder);
  });
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && !/^(?:|0|no|false|off)$/i.test(value);
}
