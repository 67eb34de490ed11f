import { posix } from "node:path";
import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { allSources, copyTarget } from "../knowledge/copies.ts";
import { usesOf } from "../knowledge/commands.ts";
import { absolutePath, absoluteWord, folderOf, startFolder } from "../knowledge/paths.ts";
import { defineRule } from "../rule.ts";

const makers = ["python", "python3", "virtualenv", "uv", "pixi", "conda", "mamba", "micromamba"];

export const environmentMoved = defineRule({
  kind: "dockerfile",
  name: "environment-moved",
  group: "python",
  severity: "warning",
  aliases: [],
  meaning: "A Python environment is copied from another stage to another path than it was made at.",
  why: "The path is written into the first line of every program in its `bin`: `uvicorn` moved from `/app/.venv` to `/opt/venv` still begins with `#!/app/.venv/bin/python`, and starts with `not found`, though the file is there. conda and pixi write it into libraries as well. Make the environment at the path where it will be used. `uv venv --relocatable` and `conda-pack` make environments that may be moved.",
  examples: [
    {
      bad: "FROM python:3.12 AS build\nRUN python -m venv /build/venv && /build/venv/bin/pip install uvicorn\nFROM python:3.12-slim\nCOPY --from=build /build/venv /opt/venv\n",
      good: "FROM python:3.12 AS build\nRUN python -m venv /opt/venv && /opt/venv/bin/pip install uvicorn\nFROM python:3.12-slim\nCOPY --from=build /opt/venv /opt/venv\n",
    },
    {
      bad: "FROM ghcr.io/prefix-dev/pixi:0.58.0 AS build\nWORKDIR /build\nRUN pixi install --locked\nFROM ubuntu:24.04\nCOPY --from=build /build/.pixi/envs/default /app/env\n",
      good: "FROM ghcr.io/prefix-dev/pixi:0.58.0 AS build\nWORKDIR /app\nRUN pixi install --locked\nFROM ubuntu:24.04\nCOPY --from=build /app/.pixi/envs/default /app/.pixi/envs/default\n",
    },
  ],
  check(file, report) {
    if (/relocatable|conda-pack|conda-unpack|virtualenv-clone|shebang/i.test(file.text)) return;
    for (const instruction of file.instructions) {
      const from = instruction.flags.find((one) => one.name === "from")?.value?.toLowerCase();
      const stage = file.stages.find(
        (one) => one.index < instruction.stage && (one.name === from || String(one.index) === from),
      );
      if (instruction.keyword !== "COPY" || stage === undefined) continue;
      const [source, ...more] = allSources(file, instruction);
      const target = copyTarget(file, instruction);
      if (source === undefined || more.length > 0 || target === undefined) continue;
      const made = absolutePath(source.path, "/");
      const to = absolutePath(target.path, startFolder(file, instruction));
      if (made === undefined || to === undefined || made === to) continue;
      if (!makesEnvironment(file, stage, made) || isLinked(file, instruction, made, to)) continue;
      report({
        at: { start: source.at.start, end: target.at.end },
        message: `the programs of ${made} look for Python in ${made}/bin, and it is copied to ${to}`,
      });
    }
  },
});

/** Whether a stage makes an environment at a path. */
function makesEnvironment(file: Dockerfile, stage: Stage, path: string): boolean {
  return usesOf(file, ...makers).some((use) => {
    if (use.instruction.stage !== stage.index) return false;
    const { args, name } = use.command;
    const values = args.map((word) => word.value);
    const folder = folderOf(file, use);
    const state = file.before(use.instruction);
    const at = madeAt(name, values);
    const word = at === undefined ? undefined : args[at];
    if (word !== undefined) return absoluteWord(word, folder, state) === path;
    if (name === "uv" && (values[0] === "venv" || values[0] === "sync"))
      return absolutePath(state.env.get("UV_PROJECT_ENVIRONMENT") ?? ".venv", folder) === path;
    const pixi = name === "pixi" && values[0] === "install" ? absolutePath(".pixi", folder) : undefined;
    return pixi !== undefined && (path === pixi || path.startsWith(`${pixi}/envs/`));
  });
}

/** Which word of a command is the path of the environment that it makes. */
function madeAt(name: string, values: readonly string[]): number | undefined {
  const plainFrom = (start: number): number | undefined => {
    const at = values.findIndex((value, index) => index >= start && !value.startsWith("-"));
    return at < 0 || /^-(?:p|-python|-prompt)$/.test(values[at - 1] ?? "") ? undefined : at;
  };
  if (name.startsWith("python")) {
    const module = values.indexOf("venv");
    return module > 0 && values[module - 1] === "-m" ? plainFrom(module + 1) : undefined;
  }
  if (name === "virtualenv") return plainFrom(0);
  if (name === "uv") return values[0] === "venv" ? plainFrom(1) : undefined;
  if (!values.includes("create")) return undefined;
  const prefix = values.findIndex((value) => value === "-p" || value === "--prefix");
  return prefix < 0 ? undefined : prefix + 1;
}

/** Whether a link at the old path, or something that writes the paths anew, follows. */
function isLinked(file: Dockerfile, copy: Instruction, made: string, to: string): boolean {
  return file.instructions.some(
    (one) =>
      one.stage >= copy.stage &&
      one.start > copy.start &&
      one.keyword === "RUN" &&
      /\bln\b|\bsed\b|\bvenv\b.*--upgrade/.test(one.body.text) &&
      (one.body.text.includes(made) || one.body.text.includes(posix.basename(to))),
  );
}
