import { posix } from "node:path";
import type { Dockerfile } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import { copySources } from "../knowledge/copies.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import { closeName } from "../knowledge/variables.ts";
import { defineRule, type LintContext } from "../rule.ts";

const projectFiles =
  "pyproject.toml requirements.txt setup.cfg uv.lock poetry.lock pdm.lock pixi.toml pixi.lock environment.yml environment.yaml Pipfile.lock package.json package-lock.json constraints.txt".split(
    " ",
  );
/** What no tool reads, whether or not there is a file of that name. */
const never: Readonly<Record<string, string>> = {
  "pyproject.yaml": "pyproject.toml",
  "pyproject.yml": "pyproject.toml",
  "pyproject.json": "pyproject.toml",
  "uv.toml.lock": "uv.lock",
};

export const projectFileMisspelt = defineRule({
  kind: "dockerfile",
  name: "project-file-misspelt",
  group: "python",
  severity: "error",
  aliases: [],
  meaning: "A project file is named in a way that no tool reads, or that is not there.",
  why: "The build stops with `not found`, or, worse, the file is copied and nobody reads it: Python's tools know `pyproject.toml` and never a `pyproject.yaml`. Apart from those, only names are reported that are not in the build context while one beside them differs in a letter or two.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nCOPY pyproject.yaml /app/\n",
      good: "FROM python:3.12-slim\nCOPY pyproject.toml /app/\n",
      fixed: "FROM python:3.12-slim\nCOPY pyproject.toml /app/\n",
    },
    {
      bad: "FROM python:3.12-slim\nCOPY requirments.txt /app/\n",
      good: "FROM python:3.12-slim\nCOPY requirements.txt /app/\n",
      fixed: "FROM python:3.12-slim\nCOPY requirements.txt /app/\n",
      files: { "requirements.txt": "numpy\n" },
    },
  ],
  check(file, report, context) {
    for (const { path, at } of named(file)) {
      const name = posix.basename(path);
      const right = rightName(path, name, context);
      if (right === undefined) continue;
      const begin = file.text.slice(at.start, at.end).lastIndexOf(name);
      report({
        at,
        message: Object.hasOwn(never, name)
          ? `no tool reads a ${name}; ${right} is the name`
          : `${path} is not in the build context, ${right} is`,
        ...(begin >= 0 && {
          fix: {
            title: `write ${right}`,
            risk: "unsafe",
            edits: [{ start: at.start + begin, end: at.start + begin + name.length, text: right }],
          },
        }),
      });
    }
  },
});

/** The files that COPY takes and that installs read. */
function named(file: Dockerfile): { path: string; at: Range }[] {
  const copied = file.instructions.flatMap((one) => copySources(file, one));
  const read = file.stages
    .flatMap((stage) => packageCommandsOf(file, stage.instructions))
    .flatMap((install) =>
      install.files.filter((word) => word.literal && Object.hasOwn(never, posix.basename(word.value))),
    )
    .map((word) => ({ path: word.value, at: word }));
  return [...copied, ...read].filter(({ path }) => !/[*?[$]/.test(path));
}

function rightName(path: string, name: string, context: LintContext): string | undefined {
  const { files } = context;
  const clean = posix.normalize(path).replace(/^(?:\.?\/)+/, "");
  if (Object.hasOwn(never, name)) return never[name];
  // Both spellings of an environment file are in use.
  const right = projectFiles.includes(name) && !name.startsWith("environment.");
  if (files === undefined || right) return undefined;
  const close = closeName(name, projectFiles);
  if (close === undefined) return undefined;
  const there = (wanted: string): boolean =>
    files.some((one) => one.path === wanted || one.path.startsWith(`${wanted}/`));
  const beside = posix.join(posix.dirname(clean), close);
  return !there(clean) && there(beside) ? close : undefined;
}
