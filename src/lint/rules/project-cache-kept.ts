import type { Dockerfile } from "../../dockerfile/document.ts";
import type { CacheKind } from "../knowledge/caches.ts";
import { hasOption, type PackageCommand, packageCommands } from "../knowledge/installs.ts";
import { keptByManagers, placeOf } from "../knowledge/kept-caches.ts";
import { defineRule } from "../rule.ts";

const kind = (name: string, folder: string, variable: string): CacheKind => ({
  folders: [`~/.cache/${folder}`],
  movedBy: [
    { name: variable, below: "" },
    { name: "XDG_CACHE_HOME", below: folder },
  ],
  offBy: [],
  offOptions: ["--no-cache"],
  folderOption: undefined,
  cleans: (command: PackageCommand) => command.manager === name && command.action === "clean",
});
const managers = {
  poetry: kind("poetry", "pypoetry", "POETRY_CACHE_DIR"),
  pdm: kind("pdm", "pdm", "PDM_CACHE_DIR"),
  pipenv: kind("pipenv", "pipenv", "PIPENV_CACHE_DIR"),
};

export const projectCacheKept = defineRule({
  kind: "dockerfile",
  name: "project-cache-kept",
  group: "caches",
  severity: "warning",
  aliases: [],
  meaning: "poetry, pdm or pipenv leaves what it downloaded in the layer.",
  why: "Each of them keeps the wheels beside the installed packages, for a next time that an image never has. Remove the cache folder in the same RUN, use `poetry install --no-cache`, or mount the folder as a cache.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN poetry install --only main\n",
      good: "FROM python:3.12-slim\nRUN poetry install --only main && rm -rf /root/.cache/pypoetry\n",
    },
    {
      bad: "FROM python:3.12-slim\nRUN pdm sync --prod\n",
      good: "FROM python:3.12-slim\nENV PDM_CACHE_DIR=/tmp/pdm\nRUN --mount=type=cache,target=/tmp/pdm pdm sync --prod\n",
    },
  ],
  check(file, report) {
    const kept = keptByManagers(file, managers, (command) => !addsProjectAlone(file, command));
    for (const { manager, installs, folder } of kept)
      report({ at: placeOf(installs), message: `${manager} keeps what it downloads in ${folder}` });
  },
});

/** Whether the same install without the project itself ran before: what it needs is there then, and nothing is fetched. */
function addsProjectAlone(file: Dockerfile, command: PackageCommand): boolean {
  const { instruction, manager } = command;
  return file.instructions.some(
    (one) =>
      one.keyword === "RUN" &&
      one.stage === instruction.stage &&
      one.start < instruction.start &&
      packageCommands(file, one).some(
        (earlier) =>
          earlier.manager === manager &&
          earlier.subcommand === command.subcommand &&
          hasOption(earlier, "--no-root", "--no-self") &&
          dependenciesOf(earlier) === dependenciesOf(command),
      ),
  );
}

/** The options that say which dependencies are installed. */
function dependenciesOf({ options }: PackageCommand): string {
  return [...options]
    .filter(([name]) => !/^(?:--no-(?:root|self|interaction|ansi)|-n|-v+|-q)$/.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(" ");
}
