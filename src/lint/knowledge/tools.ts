import { posix } from "node:path";
import { baseHas } from "../../catalog/base-images.ts";
import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand } from "../../dockerfile/shell.ts";
import { expandKnown } from "../../dockerfile/stage-state.ts";
import { baseOf, instructionsOf } from "./bases.ts";
import { allSources, copyTarget, sourceCount } from "./copies.ts";
import { runsScript } from "./cuda-builds.ts";
import { type PackageCommand, packageCommands } from "./installs.ts";
import { isWithin, mountsOf } from "./mounts.ts";
import { namesOf } from "./variables.ts";

/** Whether something brings a program: surely, surely not, or it cannot be said (undefined). */
type Brings = boolean | undefined;

/**
 * Whether a program, by its bare name, is found when a container of the stage starts, or, with `until`, when that command of an instruction runs.
 * Undefined unless it is certain: an unknown base, a script, a folder that is copied over the search path.
 */
export function hasTool(
  file: Dockerfile,
  stage: Stage,
  program: string,
  until?: { readonly instruction: Instruction; readonly command: ShellCommand },
): boolean | undefined {
  const base = baseOf(stage);
  const there = base && baseHas(base, program);
  if (there !== false) return there;
  // What a virtual environment or conda has is beyond what is read here.
  if (ofEnvironments.test(program) && (searchPath(file, stage)?.length ?? 0) !== usualPath.length)
    return undefined;
  let sure = true;
  for (const instruction of instructionsOf(stage)) {
    const last = instruction === until?.instruction;
    const brought = bringsTool(file, stage, instruction, program, last ? until.command : undefined);
    if (brought === true) return true;
    if (brought === undefined) sure = false;
    if (last) break;
  }
  return sure ? false : undefined;
}

const ofEnvironments = /^(?:python3?|pip3?|node|npm|poetry|cmake)$/;

function bringsTool(
  file: Dockerfile,
  stage: Stage,
  instruction: Instruction,
  program: string,
  before: ShellCommand | undefined,
): Brings {
  switch (instruction.keyword) {
    case "COPY":
    case "ADD":
      return copyBrings(file, stage, instruction, program);
    case "RUN":
      return runBrings(file, instruction, program, before);
    default:
      return false;
  }
}

const usualPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Programs that come as a file of their own, so that copying them brings no other. */
const lone = /^(?:uv|uvx|tini|dumb-init|gosu|pixi|micromamba|kubectl|yq|jq)$|\.[a-z0-9]{1,5}$|entrypoint/;

function copyBrings(file: Dockerfile, stage: Stage, instruction: Instruction, program: string): Brings {
  const target = copyTarget(file, instruction)?.path;
  const sources = allSources(file, instruction);
  if (target === undefined || sources.length < sourceCount(instruction) - instruction.heredocs.length)
    return undefined;
  const names = [...sources.map(({ path }) => posix.basename(path)), posix.basename(target)];
  if (names.includes(program)) return true;
  const folders = searchPath(file, stage);
  const fromStage = instruction.flags.some((flag) => flag.name === "from");
  if (folders === undefined) return fromStage ? undefined : false;
  const over = folders.some((folder) => isWithin(folder, target.replace(/\/+$/, "") || "/"));
  if (!over) return false;
  if (sources.every(({ path }) => lone.test(posix.basename(path)))) return false;
  // The context's own files go to the root; programs of systems come from other images.
  return fromStage || folders.includes(target.replace(/\/+$/, "")) ? undefined : false;
}

/** The folders of PATH, as far as the file sets it; undefined where a part is not known. */
function searchPath(file: Dockerfile, stage: Stage): string[] | undefined {
  const found = [...usualPath];
  for (const instruction of instructionsOf(stage)) {
    if (instruction.keyword !== "ENV") continue;
    for (const { name, value } of namesOf(instruction)) {
      if (name !== "PATH" || value === undefined) continue;
      for (const piece of value.replace(/["']/g, "").split(":")) {
        if (/^\$\{?PATH\}?$/.test(piece) || piece === "") continue;
        const folder = expandKnown(piece, file.before(instruction).variables, file.escape);
        if (folder === undefined) return undefined;
        found.push(folder.replace(/\/+$/, ""));
      }
    }
  }
  return found;
}

function runBrings(
  file: Dockerfile,
  instruction: Instruction,
  program: string,
  before: ShellCommand | undefined,
): Brings {
  if (instruction.json !== undefined) return undefined;
  if (
    mountsOf(file, instruction).some(
      ({ type, target }) => type === "bind" && (target === undefined || /\/s?bin\b/.test(target)),
    )
  )
    return undefined;
  let sure = !runsScript(file, instruction);
  const managers = new Map(packageCommands(file, instruction).map((one) => [one.command, one]));
  for (const script of readShell(file, instruction)) {
    for (const command of script.commands) {
      if (command === before) return sure ? false : undefined;
      const install = managers.get(command);
      const brought =
        install === undefined ? commandBrings(command, program) : installBrings(install, program);
      if (brought === true) return true;
      if (brought === undefined) sure = false;
    }
  }
  return sure ? false : undefined;
}

/** Programs that are only named by their name when they are spoken of. */
const speaks = /^(?:echo|printf|which|type|hash|useradd|groupadd|adduser|rm|export|cd|mkdir)$/;

function commandBrings({ name, args, through, joint }: ShellCommand, program: string): Brings {
  // What comes through a pipe, a heredoc or an option can install anything.
  if (/^(?:sh|bash|dash|zsh)$/.test(name)) return undefined;
  if (/^(?:python[\d.]*|node|perl)$/.test(name)) return joint === "|" ? undefined : false;
  if (/^(?:make|dpkg|rpm|eval|xargs|gdebi|snap|brew|nix-env|Rscript|R)$/.test(name)) return undefined;
  if (speaks.test(name) || through.includes("command")) return false;
  const mention = new RegExp(`(?:^|[^\\w.])${escaped(program)}(?![\\w.])`);
  return args.some(({ value }) => mention.test(value.replace(/git\+/g, ""))) ? undefined : false;
}

/** Packages that bring a program under another name. */
const providers: Readonly<Record<string, RegExp>> = {
  git: /^git(?:-lfs|-core|-all)?$/,
  python3: /^(?:python3.*|software-properties-common|.*-dev)$/,
  python: /^(?:python-is-python3|python(?:2.*)?|python-dev.*)$/,
  pip: /^(?:python\d?-pip|python3?-full|py\d?-pip)$/,
  pip3: /^(?:python\d?-pip|python3?-full|py3-pip)$/,
  gcc: /^(?:build-essential|gcc.*|g\+\+.*|build-base|clang.*|gfortran.*|.*-dev|python3-pip)$/,
  "g++": /^(?:build-essential|g\+\+.*|build-base|.*-dev|python3-pip)$/,
  make: /^(?:build-essential|build-base|make|cmake.*|automake|.*-dev|python3-pip|.*dkms.*)$/,
  node: /^(?:nodejs.*|npm)$/,
  npm: /^(?:nodejs.*|npm)$/,
  ps: /^procps.*$/,
  ssh: /^(?:openssh-.*|ssh|git)$/,
  vim: /^vim.*$/,
  nvcc: /^(?:cuda.*|nvidia-cuda-.*)$/,
  bzip2: /^(?:bzip2|build-essential|dpkg-dev|.*-dev)$/,
  unzip: /^(?:unzip|r-base.*|.*jdk.*)$/,
  sudo: /^(?:sudo|sudo-ldap)$/,
};

/** Packages that bring so much that nothing is certain after them. */
const bringsMuch =
  /^(?:ros-|google-chrome|chromium|devscripts|debootstrap|ttf-mscorefonts|texlive|task-|.*-desktop|xfce|kde|gnome|nvidia|cuda|tensorrt|r-base|octave|sagemath|snapd|flatpak|npm$|maven|gradle|ansible|libreoffice|mono-|dotnet|docker|azure-cli|code$|@|.*\*)/;

function installBrings(install: PackageCommand, program: string): Brings {
  const { manager, action, packages, files } = install;
  if (action === "remove") return packages.some(({ name }) => name === program) ? undefined : false;
  if (action === "other" || action === "refresh" || action === "clean" || action === "upgrade") return false;
  if (packages.some(({ name }) => name === program)) return true;
  const system = /^(?:apt|apk|dnf|yum|zypper)$/.test(manager);
  if (system) {
    const provider = providers[program];
    if (packages.some(({ name }) => provider?.test(name) === true)) return undefined;
    if (packages.some(({ name, word }) => !word.literal || bringsMuch.test(name))) return undefined;
    return files.length > 0 || packages.length === 0 ? undefined : false;
  }
  if (manager === "conda")
    return files.length > 0 || packages.some(({ word }) => !word.literal) ? undefined : false;
  // Python's packages can bring these, by files that are not read here.
  if (/^(?:uv|poetry|conda|cmake|ninja|node|npm|pip|pip3|git|gcc|nvcc|jq)$/.test(program))
    return files.length > 0 || action === "sync" || packages.some(({ word }) => !word.literal)
      ? undefined
      : false;
  return false;
}

function escaped(text: string): string {
  return text.replace(/[+.]/g, "\\$&");
}
