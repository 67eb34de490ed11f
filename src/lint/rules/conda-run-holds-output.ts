import { readShell } from "../../dockerfile/read-shell.ts";
import { hasSwitch } from "../knowledge/commands.ts";
import { imageStages, instructionsOf } from "../knowledge/bases.ts";
import { defineRule } from "../rule.ts";

export const condaRunHoldsOutput = defineRule({
  kind: "dockerfile",
  name: "conda-run-holds-output",
  group: "runtime",
  severity: "warning",
  aliases: [],
  meaning:
    "The container is started through `conda run`, which keeps back all output until the program ends.",
  why: "`docker logs` stays empty as long as a training runs, and what it wrote is lost where the container is killed. `--no-capture-output`, or `--live-stream`, lets it through. conda also stays as the parent process and passes no signals on, so `docker stop` waits ten seconds and kills; the program's own path, `/opt/conda/envs/NAME/bin/python`, avoids both.",
  examples: [
    {
      bad: 'FROM condaforge/miniforge3:24.9.2-0\nENTRYPOINT ["conda", "run", "-n", "lab", "python", "train.py"]\n',
      good: 'FROM condaforge/miniforge3:24.9.2-0\nENTRYPOINT ["conda", "run", "--no-capture-output", "-n", "lab", "python", "train.py"]\n',
      fixed:
        'FROM condaforge/miniforge3:24.9.2-0\nENTRYPOINT ["conda", "run", "--no-capture-output", "-n", "lab", "python", "train.py"]\n',
    },
  ],
  check(file, report) {
    for (const stage of imageStages(file)) {
      const instructions = instructionsOf(stage);
      for (const keyword of ["ENTRYPOINT", "CMD"]) {
        const instruction = instructions.findLast((one) => one.keyword === keyword);
        if (instruction === undefined) continue;
        for (const command of readShell(file, instruction).flatMap((script) => script.commands)) {
          const [verb] = command.args;
          if (command.name !== "conda" || verb?.value !== "run" || command.nameWord === undefined) continue;
          const open = ["--no-capture-output", "--live-stream"];
          if (hasSwitch(ownOptions(command.args.slice(1)), open, "s", "np")) continue;
          const text = instruction.json === undefined ? " --no-capture-output" : ', "--no-capture-output"';
          report({
            at: { start: command.nameWord.start, end: verb.end },
            message: "conda run shows no line of the program before it ends",
            fix: {
              title: "add --no-capture-output",
              risk: "safe",
              edits: [{ start: verb.end, end: verb.end, text }],
            },
          });
        }
      }
    }
  },
});

/** The words before the program that conda runs. */
function ownOptions<Word extends { readonly value: string }>(args: readonly Word[]): Word[] {
  const own: Word[] = [];
  for (const [at, word] of args.entries()) {
    const isValue = /^(?:-n|-p|--name|--prefix|--cwd)$/.test(args[at - 1]?.value ?? "");
    if (!word.value.startsWith("-") && !isValue) break;
    own.push(word);
  }
  return own;
}
