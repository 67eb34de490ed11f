import { posix } from "node:path";
import type { Dockerfile } from "../../dockerfile/document.ts";
import type { ShellCommand, ShellWord } from "../../dockerfile/shell.ts";
import { type Use, usesOf } from "./commands.ts";
import { absolutePath, absoluteWord, folderOf } from "./paths.ts";

/** A file that a RUN fetches and writes. */
export interface Download extends Use {
  readonly url: ShellWord;
  /** Absolute; undefined where it cannot be known. */
  readonly path: string | undefined;
  /** The last part of the path. */
  readonly name: string;
}

const curlValued = "oHduAexTXmCYyzbcEFKQrtUwDP";
const wgetValued = "OPUteTwQiARDlXoa";

/** What curl and wget write into files; what they print is left out. */
export function downloadsOf(file: Dockerfile): Download[] {
  return usesOf(file, "curl", "wget").flatMap((use): Download[] => {
    const { command } = use;
    const url = command.args.find((word) => /^(?:https?|ftp):\/\//.test(word.value));
    if (url === undefined) return [];
    const written = writtenBy(command, url);
    if (written === undefined || written.value === "-" || written.value.startsWith("/dev/")) return [];
    const folder = folderOf(file, use);
    const state = file.before(use.instruction);
    const below =
      command.name === "wget"
        ? switchValue(command.args, ["--directory-prefix"], "P", wgetValued)
        : switchValue(command.args, ["--output-dir"], "", curlValued);
    const from = below === undefined ? folder : absoluteWord(below, folder, state);
    const path = "raw" in written ? absoluteWord(written, folder, state) : absolutePath(written.value, from);
    return [{ ...use, url, path, name: posix.basename(written.value) }];
  });
}

/** Where the file goes: a word of the command, or the last part of the address. Undefined where it is printed. */
function writtenBy(command: ShellCommand, url: ShellWord): ShellWord | { value: string } | undefined {
  const remote = { value: posix.basename(url.value.replace(/[?#].*$/, "")) };
  const [redirect] = command.writes;
  if (command.name === "wget") {
    const named = switchValue(command.args, ["--output-document"], "O", wgetValued);
    if (named?.value === "-") return redirect;
    return named ?? remote;
  }
  const named = switchValue(command.args, ["--output"], "o", curlValued);
  if (named !== undefined) return named;
  const asRemote = command.args.some(
    ({ value }) =>
      value === "--remote-name" || value === "--remote-name-all" || /^-[a-zA-Z]*O[a-zA-Z]*$/.test(value),
  );
  return asRemote ? remote : redirect;
}

/** The value of `--long value`, `--long=value`, `-l value`, `-lvalue`, `-abl value`. */
export function switchValue(
  args: readonly ShellWord[],
  longs: readonly string[],
  letter: string,
  valued: string,
): ShellWord | undefined {
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at];
    if (word === undefined) break;
    const { value } = word;
    const equals = value.indexOf("=");
    if (value.startsWith("--")) {
      if (longs.includes(value)) return args[at + 1];
      if (equals > 0 && longs.includes(value.slice(0, equals)))
        return { ...word, value: value.slice(equals + 1), raw: word.raw.slice(equals + 1) };
      continue;
    }
    if (!/^-[A-Za-z]/.test(value)) continue;
    for (let of = 1; of < value.length; of += 1) {
      const char = value.charAt(of);
      const rest = value.slice(of + 1);
      if (letter !== "" && char === letter)
        return rest === "" ? args[at + 1] : { ...word, value: rest, raw: rest };
      if (!valued.includes(char)) continue;
      if (rest === "") at += 1;
      break;
    }
  }
  return undefined;
}

/** Whether an address or what stands around it names a version: what comes from there is always the same. */
export function namesVersion(text: string): boolean {
  return /(?:^|[/_=@v-])\d+\.\d+(?:\.\d+)?|\b[0-9a-f]{40}\b|\$\{?\w*(?:VERSION|_VER|TAG|COMMIT|SHA|REF)\w*/i.test(
    text.replace(/^[a-z]+:\/\/[^/]*/, ""),
  );
}
