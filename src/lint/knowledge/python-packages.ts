import { posix } from "node:path";
import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellWord } from "../../dockerfile/shell.ts";
import type { LintContext } from "../rule.ts";
import { instructionsOf } from "./bases.ts";
import { hasSwitch } from "./commands.ts";
import { copySources, copyTarget } from "./copies.ts";
import type { PackageCommand, PackageRequest } from "./installs.ts";
import { absolutePath, absoluteWord, folderOf, startFolder } from "./paths.ts";

/** A Python package that an install asks for, by the command itself or by a file that it reads. */
export interface WantedPackage {
  /** Lower case with dashes. */
  readonly name: string;
  /** `==2.5.1`, `>=2`; "" where anything goes. Markers are left out. */
  readonly version: string;
  /** The requirements file that asks for it; undefined for the command. */
  readonly file: string | undefined;
  /** The word in the Dockerfile; that of the file where a file asks. */
  readonly request: PackageRequest | undefined;
}

const line =
  /^([A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*((?:[=!<>~]=?=?[^;#\s]+(?:\s*,\s*[=!<>~]=?=?[^;#\s]+)*)?)\s*(?:;|#|--|\\|$)/;

/** What a pip or uv pip command wants, requirements files of the build context included as far as they can be found. */
export function wantedPackages(
  file: Dockerfile,
  install: PackageCommand,
  context: LintContext,
): WantedPackage[] {
  const wanted: WantedPackage[] = install.packages.map((request) => ({
    name: request.name,
    version: request.version.replace(/\s*;.*$/s, ""),
    file: undefined,
    request,
  }));
  for (const word of install.files) {
    if (!word.value.endsWith(".txt") && !word.value.endsWith(".in")) continue;
    const path = inContext(file, install, word, context);
    if (path !== undefined) wanted.push(...requirements(path, context, 0));
  }
  return wanted;
}

/** The packages of a requirements file and of those that it names with `-r`. */
function requirements(path: string, context: LintContext, depth: number): WantedPackage[] {
  const text = context.read(path);
  if (text === undefined || depth > 5) return [];
  return text.split(/\r?\n/).flatMap((raw): WantedPackage[] => {
    const trimmed = raw.trim();
    const nested = /^(?:-r|--requirement)[ =]\s*(\S+)/.exec(trimmed)?.[1];
    if (nested !== undefined) {
      const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
      return requirements(`${folder}${nested.replace(/^\.\//, "")}`, context, depth + 1);
    }
    const match = line.exec(trimmed);
    if (match?.[1] === undefined) return [];
    const name = match[1].toLowerCase().replace(/[-_.]+/g, "-");
    return [{ name, version: match[2] ?? "", file: path, request: undefined }];
  });
}

/**
 * Where in the build context a path of the image came from: by the COPY that brought it, else by its last part alone. Undefined where the build
 * changes the file before it is read: then nobody knows what it asks for.
 */
function inContext(
  file: Dockerfile,
  install: PackageCommand,
  word: ShellWord,
  context: LintContext,
): string | undefined {
  if (isRewritten(file, install, word)) return undefined;
  const name = posix.basename(word.value);
  const wanted = absoluteWord(word, folderOf(file, install), file.before(install.instruction));
  const candidates: string[] = [word.value.replace(/^\.?\//, "")];
  for (const one of file.instructions) {
    if (one === install.instruction) break;
    for (const { path } of copySources(file, one)) {
      const clean = path.replace(/^\.?\//, "").replace(/\/+$/, "");
      if (posix.basename(clean) === name) {
        const lands = landings(file, one, name);
        if (wanted === undefined || lands === undefined || lands.includes(wanted)) candidates.unshift(clean);
      } else if (!clean.includes("*"))
        candidates.push(clean === "" || clean === "." ? name : `${clean}/${name}`);
    }
  }
  return candidates.find((one) => context.read(one) !== undefined);
}

/** Where a file of this name can be after a COPY, for a target may be a folder or the file itself; undefined where nothing is known. */
function landings(file: Dockerfile, copy: Instruction, name: string): string[] | undefined {
  const target = copyTarget(file, copy);
  const path = target === undefined ? undefined : absolutePath(target.path, startFolder(file, copy));
  return path === undefined ? undefined : [path, posix.join(path, name)];
}

/** Whether a command of the same stages, before the install, writes into a file of this name: `sed -i`, `mv`, `>`. */
function isRewritten(file: Dockerfile, install: PackageCommand, { value }: ShellWord): boolean {
  const name = posix.basename(value);
  const stage = file.stages[install.instruction.stage];
  if (stage === undefined) return false;
  const named = (word: ShellWord): boolean => posix.basename(word.value) === name;
  return instructionsOf(stage).some(
    (one) =>
      (one.trigger ?? one).keyword === "RUN" &&
      one.start <= install.instruction.start &&
      readShell(file, one).some(({ commands }) =>
        commands.some(
          (command) =>
            command.start < install.command.start &&
            (command.writes.some(named) ||
              (command.name === "sed" && hasSwitch(command.args, ["--in-place"], "i", "ef")
                ? command.args.some(named)
                : /^(?:mv|cp|tee)$/.test(command.name) && command.args.slice(-1).some(named))),
        ),
      ),
  );
}
