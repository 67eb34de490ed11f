import { defineCommand } from "../command.ts";
import { definitionName, readPlan, writeDefinition } from "../base/definition.ts";
import { usageError } from "../usage.ts";

const actions = ["init", "render"] as const;

export const base = defineCommand({
  name: "base",
  summary: "make one base image with several torch versions, for everybody's projects",
  usage: ["base init [--cpu] [FILE]", "base render [--file FILE] [--no-link] [-]"],
  description: [
    "A base holds several versions of PyTorch, each in an environment of its own, and the packages that all projects use. Projects built on it link to one of them (uv_init_torch2.5.1 in a Dockerfile) and store only what is theirs.",
    "base.yaml says what it holds: system, CUDA, Pythons, torches, GPUs, packages. It is checked against the catalogue (ddiff catalog): what cannot be is refused, with the reason and the nearest that can.",
    "init writes a base.yaml to begin with. render prints the Dockerfile.",
  ],
  arguments: [
    { name: "ACTION", required: true, choices: actions, help: "" },
    { name: "WHAT", complete: "file", help: "with init: the file to write" },
  ],
  options: {
    file: {
      short: "f",
      value: "FILE",
      complete: "file",
      help: `the definition, instead of ${definitionName}`,
    },
    cpu: { help: "with init: a base without CUDA, for laptops and CI" },
    "no-link": { help: "with render: without COPY --link, which Buildah before 1.41 does not know" },
  },
  examples: [
    { text: "Begin", command: "ddiff base init" },
    { text: "See how it is built", command: "ddiff base render" },
  ],
  async run(call) {
    const [action, what] = call.args;
    const { file, cpu, "no-link": noLink } = call.options;
    if (cpu && action !== "init") throw usageError("--cpu is for base init", "base");
    if (action === "init") return await writeDefinition(what ?? file ?? definitionName, cpu);
    const plan = await readPlan(file ?? definitionName);
    const { printDockerfile } = await import("../base/render.ts");
    return await printDockerfile(plan, !noLink);
  },
});
