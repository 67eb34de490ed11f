import type { ShellCommand } from "../../dockerfile/shell.ts";
import { runsOf } from "../knowledge/commands.ts";
import { rootImage } from "../knowledge/variables.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { defineRule } from "../rule.ts";

export const gpuQueryAtBuild = defineRule({
  kind: "dockerfile",
  name: "gpu-query-at-build",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "A RUN asks for a GPU, and a build has none.",
  why: "BuildKit gives RUN no GPU and no driver: `nvidia-smi` is not found, `torch.cuda.is_available()` is False. It works only on a machine whose Docker has `nvidia` as its default runtime and the old builder, so it passes for one person and fails in CI. Ask when the container starts; check a build by what needs no GPU, such as `torch.version.cuda`.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nRUN nvidia-smi\n",
      good: 'FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nRUN python -c "import torch; print(torch.version.cuda)"\n',
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      const stage = file.stages[instruction.stage];
      const image = stage === undefined ? undefined : rootImage(stage);
      // Jetsons build with NVIDIA's runtime, and there the GPU is there.
      if (image === undefined || /l4t|jetson/.test(image)) continue;
      if (!/nvidia-smi|torch\.cuda|list_physical_devices/.test(instruction.body.text)) continue;
      // A device that is asked for (`RUN --device`) is there.
      if (instruction.flags.some((flag) => flag.name === "device")) continue;
      for (const script of readShell(file, instruction)) {
        script.commands.forEach((command, index) => {
          const what = queryOf(command);
          const next = script.commands[index + 1];
          if (what === undefined || command.nameWord === undefined || command.depth > 0) return;
          if (next?.joint === "||" || command.joint === "||") return;
          report({ at: command.nameWord, message: `${what} finds no GPU, as a build has none` });
        });
      }
    }
  },
});

function queryOf({ name, args, through }: ShellCommand): string | undefined {
  if (name === "nvidia-smi") return through.includes("command") ? undefined : name;
  if (!/^python[\d.]*$/.test(name)) return undefined;
  const code = args.find((_, at) => args[at - 1]?.value === "-c")?.value ?? "";
  return /torch\.cuda\.(?:is_available|device_count|get_device_\w+|current_device)|list_physical_devices/.exec(
    code,
  )?.[0];
}
