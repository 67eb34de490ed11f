import { instructionsOf } from "../knowledge/bases.ts";
import { hasOption, type PackageCommand, packageCommandsOf } from "../knowledge/installs.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule } from "../rule.ts";

/** The package pytorch alone, without the CUDA that conda keeps beside it. */
const condaTorchBytes = 1_000_000_000;

export const condaThenPipTorch = defineRule({
  kind: "dockerfile",
  name: "conda-then-pip-torch",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "conda installs torch, and pip replaces it by another.",
  why: "The layer of conda's torch stays in the image below that of pip's: about 1 GB for the old builds, more with CUDA (aws/deep-learning-containers #900, #1783). conda does not know of the change and brings its own back with the next install. Install it once, with one of the two.",
  examples: [
    {
      bad: "FROM condaforge/miniforge3:24.11.3-0\nRUN conda install -y pytorch=2.3.0\nRUN pip install torch==2.5.1\n",
      good: "FROM condaforge/miniforge3:24.11.3-0\nRUN conda install -y python=3.12\nRUN pip install torch==2.5.1\n",
    },
  ],
  check(file, report) {
    for (const stage of shippedStages(file)) {
      let first: { version: string; command: PackageCommand } | undefined;
      for (const command of packageCommandsOf(file, instructionsOf(stage))) {
        if (command.action !== "install" && command.action !== "upgrade") continue;
        const wanted = command.packages.find(
          ({ name }) => name === (command.manager === "conda" ? "pytorch" : "torch"),
        );
        if (wanted === undefined) continue;
        if (command.manager === "conda") first = { version: numberOf(wanted.version), command };
        else if (
          /^(?:uv-)?pip$/.test(command.manager) &&
          first !== undefined &&
          replaces(command, wanted.version, first.version)
        ) {
          if (stage.instructions.includes(command.instruction))
            report({
              at: wanted.word,
              message: `pip replaces the torch that conda installed on line ${first.command.instruction.line}`,
              waste: condaTorchBytes,
            });
          first = undefined;
        }
      }
    }
  },
});

function numberOf(version: string): string {
  return /\d+(?:\.\d+)*/.exec(version)?.[0] ?? "";
}

/** Whether pip would not be content with what is there. */
function replaces(command: PackageCommand, version: string, before: string): boolean {
  if (hasOption(command, "-U", "--upgrade", "--force-reinstall", "--ignore-installed", "-I")) return true;
  const exact = /^==\s*(\d+\.\d+(?:\.\d+)?)/.exec(version)?.[1];
  return exact !== undefined && before !== "" && !exact.startsWith(before) && !before.startsWith(exact);
}
