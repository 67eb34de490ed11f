import type { Dockerfile } from "../../dockerfile/document.ts";
import { copySources } from "../knowledge/copies.ts";
import { hasOption, type PackageCommand, packageCommandsOf } from "../knowledge/installs.ts";
import { placeOf } from "../knowledge/kept-caches.ts";
import { defineRule, type Edit, type LintContext } from "../rule.ts";

interface Locker {
  readonly lock: string;
  /** Options of which one is enough. */
  readonly options: readonly string[];
  readonly variables: readonly string[];
  readonly add: string;
}

const lockers: Readonly<Record<string, Locker>> = {
  "uv sync": {
    lock: "uv.lock",
    options: ["--locked", "--frozen", "--check"],
    variables: ["UV_LOCKED", "UV_FROZEN"],
    add: "--locked",
  },
  "pixi install": {
    lock: "pixi.lock",
    options: ["--locked", "--frozen"],
    variables: ["PIXI_LOCKED", "PIXI_FROZEN"],
    add: "--locked",
  },
  "pdm install": {
    lock: "pdm.lock",
    options: ["--frozen-lockfile", "--no-lock", "--check"],
    variables: ["PDM_FROZEN_LOCKFILE"],
    add: "--frozen-lockfile",
  },
  "pipenv install": {
    lock: "Pipfile.lock",
    options: ["--deploy", "--ignore-pipfile"],
    variables: ["PIPENV_IGNORE_PIPFILE"],
    add: "--deploy",
  },
  "npm install": { lock: "package-lock.json", options: [], variables: [], add: "" },
  "npm i": { lock: "package-lock.json", options: [], variables: [], add: "" },
};

export const lockFlagMissing = defineRule({
  kind: "dockerfile",
  name: "lock-flag-missing",
  group: "python",
  severity: "info",
  aliases: [],
  meaning: "A lock file is there, and the install may pass over it.",
  why: "Without a flag `uv sync`, `pixi install`, `pipenv install` and `npm install` change the lock inside the build when it does not fit the project any more: the image then has versions that nobody tested, another each week. `--locked` (for npm: `npm ci`) ends the build instead. Silent where no lock file is copied.",
  examples: [
    {
      bad: "FROM ghcr.io/astral-sh/uv:0.5.11-python3.12-bookworm-slim\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --no-install-project\n",
      good: "FROM ghcr.io/astral-sh/uv:0.5.11-python3.12-bookworm-slim\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-install-project\n",
      fixed:
        "FROM ghcr.io/astral-sh/uv:0.5.11-python3.12-bookworm-slim\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-install-project\n",
    },
    {
      bad: "FROM ghcr.io/prefix-dev/pixi:0.39.5\nCOPY pixi.toml pixi.lock ./\nRUN pixi install\n",
      good: "FROM ghcr.io/prefix-dev/pixi:0.39.5\nENV PIXI_FROZEN=true\nCOPY pixi.toml pixi.lock ./\nRUN pixi install\n",
      fixed: "FROM ghcr.io/prefix-dev/pixi:0.39.5\nCOPY pixi.toml pixi.lock ./\nRUN pixi install --locked\n",
    },
    {
      bad: "FROM node:22-slim\nCOPY package.json package-lock.json ./\nRUN npm install\n",
      good: "FROM node:22-slim\nCOPY package.json package-lock.json ./\nRUN npm ci\n",
      fixed: "FROM node:22-slim\nCOPY package.json package-lock.json ./\nRUN npm ci\n",
    },
  ],
  check(file, report, context) {
    const loose = new Map<string, { locker: Locker; installs: PackageCommand[] }>();
    for (const stage of file.stages) {
      for (const install of packageCommandsOf(file, stage.instructions)) {
        const name = `${install.manager} ${install.subcommand}`;
        const locker = Object.hasOwn(lockers, name) ? lockers[name] : undefined;
        if (locker === undefined || install.packages.length > 0 || install.files.length > 0) continue;
        if (install.manager === "npm" && hasOption(install, "-g", "--global", "--location")) continue;
        const { variables } = file.before(install.instruction);
        const set = locker.variables.some(
          (one) => variables.has(one) || install.command.assignments.has(one),
        );
        if (set || hasOption(install, ...locker.options) || !hasLock(file, install, locker.lock, context))
          continue;
        const kind = loose.get(name);
        if (kind === undefined) loose.set(name, { locker, installs: [install] });
        else kind.installs.push(install);
      }
    }
    for (const [name, { locker, installs }] of loose) {
      const edits = installs.flatMap((install) => editOf(install, locker) ?? []);
      const times = installs.length > 1 ? ` (${installs.length} times in this file)` : "";
      report({
        at: placeOf(installs),
        message: `${name} changes ${locker.lock} in the build when it does not fit, instead of failing${times}`,
        ...(edits.length === installs.length && {
          fix: { title: locker.add === "" ? "use npm ci" : `add ${locker.add}`, risk: "unsafe", edits },
        }),
      });
    }
  },
});

/** Whether the lock file gets into the stage before the install, by its name or with everything. */
function hasLock(
  file: Dockerfile,
  { instruction }: PackageCommand,
  lock: string,
  context: LintContext,
): boolean {
  const stage = file.stages[instruction.stage];
  return (stage?.instructions ?? []).some((one) => {
    if (one.start > instruction.start) return false;
    if (one.keyword === "RUN" && one === instruction)
      return one.flags.some(
        (flag) => flag.name === "mount" && flag.value?.includes(`source=${lock}`) === true,
      );
    return copySources(file, one).some(({ path }) => {
      const clean = path.replace(/^\.?\//, "").replace(/\/+$/, "");
      if (clean.endsWith(lock)) return true;
      // `package*.json` and `uv.lock*` are ways to say that it may be missing.
      const pattern = clean === "package*.json" || clean === `${lock}*`;
      return (
        (pattern || clean === "" || clean === ".") &&
        context.files?.some((item) => item.path === lock) === true &&
        context.ignore?.ignores(lock) !== true
      );
    });
  });
}

function editOf(install: PackageCommand, { add }: Locker): Edit | undefined {
  const word = install.command.args.find((one) => one.value === install.subcommand);
  if (word === undefined) return undefined;
  return add === ""
    ? { start: word.start, end: word.end, text: "ci" }
    : { start: word.end, end: word.end, text: ` ${add}` };
}
