import { baseOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { packageCommands } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

const tools =
  /^(?:build-essential|gcc(?:-\d+)?|g\+\+(?:-\d+)?|clang(?:-\d+)?|cmake|ninja-build|build-base|gfortran|rustc|cargo|golang(?:-go)?)$/;
/** What compiles while it runs. */
const needsCompiler =
  /torch|triton|vllm|jax|tensorflow|xformers|deepspeed|numba|cython|inductor|theano|pytensor|pymc|stan|devcontainer|jupyter|notebook/i;

export const buildToolsInFinal = defineRule({
  kind: "dockerfile",
  name: "build-tools-in-final",
  group: "layers",
  severity: "info",
  aliases: [],
  meaning: "Compilers stay in an image that is made in several stages.",
  why: "With build-essential come about 200 MB that a service never calls, and tools for whoever breaks into it. Compile in the stage that is there for it and copy the result. Not reported for images with one stage, on bases that have a compiler anyway, and where torch.compile, Triton, Numba and the like compile while they run.",
  examples: [
    {
      bad: 'FROM python:3.12 AS build\nRUN pip wheel -w /wheels pyserial\nFROM python:3.12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends build-essential libpq5\nCOPY --from=build /wheels /wheels\nRUN pip install --no-cache-dir /wheels/*\nCMD ["python", "serve.py"]\n',
      good: 'FROM python:3.12 AS build\nRUN pip wheel -w /wheels pyserial\nFROM python:3.12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends libpq5\nCOPY --from=build /wheels /wheels\nRUN pip install --no-cache-dir /wheels/*\nCMD ["python", "serve.py"]\n',
    },
  ],
  check(file, report, context) {
    if (file.stages.length < 2 || needsCompiler.test(file.text) || needsCompiler.test(context.path)) return;
    const last = file.stages.at(-1);
    if (last === undefined || !imageStages(file).includes(last)) return;
    const base = baseOf(last);
    if (
      base === undefined ||
      base.has.has("gcc") ||
      base.cuda?.flavour === "devel" ||
      base.frameworks.length > 0
    )
      return;
    const instructions = instructionsOf(last);
    if (!instructions.some((one) => one.keyword === "CMD" || one.keyword === "ENTRYPOINT")) return;
    // Without a stage that lends files, this one is where things are made.
    if (!instructions.some((one) => one.keyword === "COPY" && one.flags.some((flag) => flag.name === "from")))
      return;
    for (const instruction of instructions) {
      if (instruction.keyword !== "RUN") continue;
      const commands = packageCommands(file, instruction);
      const removed = new Set(
        commands.flatMap((one) => (one.action === "remove" ? one.packages.map((name) => name.name) : [])),
      );
      const purged = commands.some((one) => one.action === "remove");
      const found = commands
        .filter((one) => one.action === "install" && /^(?:apt|apk|dnf|yum)$/.test(one.manager))
        .flatMap((one) => one.packages.filter(({ name }) => tools.test(name) && !removed.has(name)));
      const [first] = found;
      if (first === undefined || purged || builds(file.text.slice(instruction.start))) continue;
      const names = found.map((one) => one.name).join(", ");
      report({
        at: first.word,
        message: `${names} stay${found.length > 1 ? "" : "s"} in the last stage, to which files are copied from others`,
      });
      return;
    }
  },
});

/** Whether something is compiled after all. */
function builds(text: string): boolean {
  return /\b(?:make|cmake|gcc|cargo build|go build|setup\.py|git\+|npm (?:ci|install))\b/.test(
    text.replace(/^.*install[^\n&]*/, ""),
  );
}
