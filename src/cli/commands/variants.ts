import { formatBytes } from "../../util/bytes.ts";
import { defineCommand } from "../command.ts";
import { choiceOptionSpecs } from "../init-option-specs.ts";
import { table } from "../../report/table.ts";
import { usageError } from "../usage.ts";

export const variants = defineCommand({
  name: "variants",
  summary: "list the images that can be made from a project, with tags and sizes",
  usage: ["variants [OPTIONS] [DIR]"],
  description: [
    "Lists what can be built from the same answers as ddiff init has: with and without a GPU, for each CUDA that the project's torch has wheels for, for each Python that is named. Every variant is decided as init decides, so that none is listed that cannot be; those that cannot are named with the reason.",
    "A tag says what is inside: cu12.8.1-py3.12-torch2.9.1, cpu-py3.12-torch2.9.1. Sizes are expected ones, from the catalogue: the base and the big packages. With --matrix it prints the build matrix for CI.",
  ],
  arguments: [
    { name: "DIR", complete: "directory", help: "the project, the current folder where none is named" },
  ],
  options: {
    cuda: { value: "VERSION", many: true, help: "only this CUDA: 12.8" },
    python: { value: "VERSION", many: true, help: "a Python to list, instead of the project's: 3.12" },
    ...choiceOptionSpecs,
    matrix: { help: "print the matrix of a GitHub workflow as JSON: strategy.matrix: fromJSON(...)" },
  },
  examples: [
    { text: "What there is", command: "ddiff variants" },
    { text: "For two Pythons", command: "ddiff variants --python 3.11 --python 3.12" },
    { text: "For CI", command: "ddiff variants --matrix" },
  ],
  async run({ args, options, json }) {
    const [{ startInit }, { buildMatrix, variantsOf }, { mergeChoices }, { readShared }] = await Promise.all([
      import("../../scaffold/init.ts"),
      import("../../scaffold/variants.ts"),
      import("../../scaffold/choices.ts"),
      import("../init-options.ts"),
    ]);
    for (const one of [...options.cuda, ...options.python])
      if (!/^\d{1,2}\.\d{1,2}$/.test(one))
        throw usageError(`this is no version such as 3.12: ${JSON.stringify(one)}`, "variants");
    const { look, earlier } = await startInit(args[0] ?? ".");
    const choices = mergeChoices(earlier?.record.choices ?? {}, readShared(options, "variants"));
    const wishes = { pythons: options.python, cudas: options.cuda };
    const found = variantsOf(look(choices), choices, wishes, earlier?.record.answers);
    if (options.matrix && !json) return { json: null, answer: JSON.stringify(buildMatrix(found)), raw: true };
    const rows = found.variants.map((one) => [
      one.stage,
      one.tag,
      one.driver === undefined ? "" : `>= ${one.driver}`,
      formatBytes(one.size.compressed),
      formatBytes(one.size.disk),
      one.platforms.map((platform) => platform.replace("linux/", "")).join(" "),
    ]);
    const left = found.left.map(
      (one) =>
        `not with Python ${one.python}${one.cuda === "none" ? "" : ` and CUDA ${one.cuda}`}: ${one.because}`,
    );
    return {
      json: { ...found, matrix: buildMatrix(found) },
      answer: table([["STAGE", "TAG", "DRIVER", "DOWNLOAD", "ON DISK", "FOR"], ...rows], [3, 4]),
      summary: left,
    };
  },
});
