import { posix } from "node:path";
import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { copySources } from "../knowledge/copies.ts";
import { hasOption, type PackageCommand, packageCommands } from "../knowledge/installs.ts";
import { defineRule, type LintContext } from "../rule.ts";

export const copyBeforeDependencies = defineRule({
  kind: "dockerfile",
  name: "copy-before-dependencies",
  group: "layers",
  severity: "warning",
  aliases: ["DF007"],
  meaning: "The whole project is copied before its dependencies are installed.",
  why: "The build cache of a RUN holds as long as nothing before it changed. After `COPY . .` every edit of any file installs all dependencies again, which for torch is gigabytes and minutes, and makes a new layer of them that every server fetches. Copy what names the dependencies first (`requirements.txt`, or `pyproject.toml` with the lock file), install, then copy the rest. A project that is installed itself (`pip install .`) needs its sources and is not reported.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n",
      good: "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n",
    },
    {
      bad: "FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim\nWORKDIR /app\nADD . /app\nRUN uv sync --locked\n",
      good: "FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim\nWORKDIR /app\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-install-project\nCOPY . .\nRUN uv sync --locked\n",
    },
  ],
  check(file, report, context) {
    for (const stage of file.stages) {
      const copy = stage.instructions.find((one) => copiesAll(file, one));
      if (copy === undefined) continue;
      const install = firstInstall(file, stage, copy, context);
      if (install === undefined) continue;
      report({
        at: { start: copy.start, end: copy.end },
        message: `every edit installs the dependencies of line ${install.line} again: copy ${install.manifest} alone first`,
      });
    }
  },
});

function copiesAll(file: Dockerfile, instruction: Instruction): boolean {
  if (instruction.keyword !== "COPY" && instruction.keyword !== "ADD") return false;
  return copySources(file, instruction).some(({ path }) => /^(?:\.\/?|\/|\.\/\*|\*)$/.test(path));
}

/** The first install after the copy that needs nothing of the project but a list, where none came before. */
function firstInstall(
  file: Dockerfile,
  stage: Stage,
  copy: Instruction,
  context: LintContext,
): { line: number; manifest: string } | undefined {
  const before = new Set<string>();
  for (const one of stage.instructions) {
    if (one.keyword !== "RUN") continue;
    // A script of the project installs for it, and needs its sources.
    if (one.start > copy.start && /\binstall[\w-]*\.(?:py|sh)\b/.test(one.body.text)) return undefined;
    for (const command of packageCommands(file, one)) {
      const manifest = manifestOf(command, context);
      if (one.start < copy.start) {
        // Whoever installed something before has split the work already.
        if (command.action === "sync" || command.files.length > 0) before.add(command.manager);
        continue;
      }
      // Where the project itself is installed first, its dependencies come with it.
      if (command.files.some((word) => /^(?:\.\/?|\.\[.*|-e)$|\.whl$/.test(word.value)))
        before.add(command.manager);
      if (manifest === undefined || before.has(command.manager)) continue;
      return { line: file.lines.position(command.command.start).line, manifest };
    }
  }
  return undefined;
}

/** The file that names the dependencies, for a command that needs no other. */
function manifestOf(command: PackageCommand, context: LintContext): string | undefined {
  const { manager, action, files } = command;
  switch (manager) {
    case "pip":
    case "uv-pip": {
      if (action !== "install" && action !== "sync") return undefined;
      const lists = files.filter((word) => /\.(?:txt|in)$/.test(word.value) && word.literal);
      const [first] = lists;
      if (first === undefined || lists.length < files.length) return undefined;
      return lists.some((word) => namesSources(word.value, context))
        ? undefined
        : posix.basename(first.value);
    }
    case "uv":
      return command.subcommand === "sync" && !hasOption(command, "--no-editable")
        ? "pyproject.toml and uv.lock"
        : undefined;
    case "poetry":
    case "pdm":
      return action === "sync" ? `pyproject.toml and ${manager}.lock` : undefined;
    case "pipenv":
      return action === "sync" ? "Pipfile and Pipfile.lock" : undefined;
    case "pixi":
      return command.subcommand === "install" ? "pixi.toml and pixi.lock" : undefined;
    case "conda":
      return command.subcommand.startsWith("env ") && files.length === 1
        ? posix.basename(files[0]?.value ?? "")
        : undefined;
    case "npm":
      return (command.subcommand === "ci" || (action === "install" && command.packages.length === 0)) &&
        files.length === 0 &&
        !hasOption(command, "-g", "--global")
        ? withLock("package.json", "package-lock.json", context)
        : undefined;
    case "yarn":
    case "pnpm":
      return action === "sync" && command.packages.length === 0
        ? "package.json and the lock file"
        : undefined;
    default:
      return undefined;
  }
}

/** Whether a list installs the project, or parts of it, besides packages. */
function namesSources(path: string, context: LintContext): boolean {
  const clean = path.replace(/^\.?\//, "");
  const text = context.read(clean) ?? context.read(posix.basename(clean));
  return text !== undefined && /^\s*(?:-e\s|--editable|\.{1,2}(?:\/|\[|\s*$)|file:)/m.test(text);
}

/** The lock file is named where the project has one, or where nobody knows. */
function withLock(list: string, lock: string, { files }: LintContext): string {
  const there = files?.some(({ path }) => posix.basename(path) === lock) ?? true;
  return there ? `${list} and ${lock}` : list;
}
