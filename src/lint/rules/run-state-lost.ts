import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand } from "../../dockerfile/shell.ts";
import { runsOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const runStateLost = defineRule({
  kind: "dockerfile",
  name: "run-state-lost",
  group: "runtime",
  severity: "warning",
  aliases: [],
  meaning:
    "A RUN ends with `export`, `cd`, `source` or `conda activate`, of which the next instruction knows nothing.",
  why: 'Every RUN has a shell of its own, which ends with it: after `RUN conda activate app` the next `pip install` goes to the base environment, after `RUN export X=1` X is unset. Use ENV, WORKDIR, `ENV PATH=/opt/venv/bin:$PATH` or `SHELL ["conda", "run", "-n", "app", ...]`, or do what needs it in the same RUN.',
  examples: [
    {
      bad: "FROM condaforge/miniforge3:24.11.3-0\nRUN conda create -y -n app python=3.12\nRUN conda activate app\nRUN pip install torch\n",
      good: 'FROM condaforge/miniforge3:24.11.3-0\nRUN conda create -y -n app python=3.12\nENV PATH="/opt/conda/envs/app/bin:$PATH"\nRUN pip install torch\n',
    },
    {
      bad: "FROM debian:12\nRUN export MODEL_DIR=/models\n",
      good: "FROM debian:12\nENV MODEL_DIR=/models\n",
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      if (!/\b(?:export|cd|source|activate)\b|(?:^|\s)\.\s/.test(instruction.body.text)) continue;
      const [script, ...more] = readShell(file, instruction);
      if (script?.ast === undefined || more.length > 0) continue;
      const top = script.commands.filter((one) => one.depth === 0);
      const last = script.commands.at(-1);
      if (last?.nameWord === undefined || last.depth > 0 || last.joint === "|" || last.joint === "||")
        continue;
      const what = lostBy(last);
      // A `cd` behind other work is only untidy.
      if (what === undefined || (last.name === "cd" && top.length > 1)) continue;
      report({ at: last.nameWord, message: `${what} has no effect, as this RUN ends here` });
    }
  },
});

function lostBy({ name, args, nameWord }: ShellCommand): string | undefined {
  const [first] = args;
  switch (name) {
    case "export":
      return first === undefined || first.value.startsWith("-")
        ? undefined
        : `export ${first.value.split("=")[0]}`;
    case "cd":
      return first === undefined ? undefined : `cd ${first.raw}`;
    case "source":
    case ".":
      return first !== undefined &&
        /(?:activate|\.bashrc|\.profile|setup\.(?:ba)?sh|\/env|vars\.sh)$/.test(first.value) &&
        nameWord?.value === name
        ? `${name} ${first.raw}`
        : undefined;
    case "conda":
    case "mamba":
    case "micromamba":
      return first?.value === "activate" ? `${name} activate` : undefined;
    default:
      return undefined;
  }
}
