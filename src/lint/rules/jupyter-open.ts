import type { Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { defineRule } from "../rule.ts";

export const jupyterOpen = defineRule({
  kind: "dockerfile",
  name: "jupyter-open",
  group: "security",
  severity: "warning",
  aliases: [],
  meaning: "Jupyter is started for all addresses without a token.",
  why: "Whoever reaches the port has a shell in the container, with its GPUs, its mounted data and its keys; machines that mine coins look for such ports. Leave the token on: Jupyter makes one and prints it, or takes it from `JUPYTER_TOKEN`. Images for Kubeflow, which ask for `$NB_PREFIX`, are left alone: its gateway asks who it is, and wants no token.",
  examples: [
    {
      bad: 'FROM python:3.12-slim\nCMD ["jupyter", "lab", "--ip=0.0.0.0", "--NotebookApp.token=\'\'"]\n',
      good: 'FROM python:3.12-slim\nCMD ["jupyter", "lab", "--ip=0.0.0.0"]\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      if (!isStart(instruction) || !/token|password/.test(instruction.body.text)) continue;
      for (const script of readShell(file, instruction)) {
        for (const { name, args, nameWord } of script.commands) {
          if (nameWord === undefined || !/^jupyter(?:-lab|-notebook|-server)?$/.test(name)) continue;
          const values = args.map((word) => word.value);
          const open = args.find(({ value }) => /\.token=(?:''|""|)$/.test(value));
          if (open === undefined) continue;
          // Kubeflow wants it so, and stands before it.
          if (values.some((value) => /base_url=.*NB_PREFIX/.test(value))) continue;
          // A password that is set keeps the door shut.
          if (values.some((value) => /password=['"]?[^'"\s]/.test(value))) continue;
          report({ at: open, message: "Jupyter answers without a token to whoever reaches its port" });
        }
      }
    }
  },
});

function isStart({ keyword }: Instruction): boolean {
  return keyword === "CMD" || keyword === "ENTRYPOINT" || keyword === "RUN";
}
