import { expandKnown } from "../../dockerfile/stage-state.ts";
import { closeName } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

/** Images of Docker Hub that files are copied from. */
const officialImages = new Set(
  "alpine busybox debian ubuntu python node golang rust nginx redis docker composer maven gradle traefik caddy".split(
    " ",
  ),
);

export const copyFromUnknownStage = defineRule({
  kind: "dockerfile",
  name: "copy-from-unknown-stage",
  group: "syntax",
  severity: "warning",
  aliases: ["DL3022"],
  meaning: "`COPY --from` names neither an earlier stage nor an image with a tag.",
  why: "A name that no stage above has is taken for an image on Docker Hub: a misspelt stage stops the build at best, and copies from a stranger's image at worst. Contexts given with `--build-context` are named like that too: a name is only reported where it is nearly that of a stage, that of a later stage, a number without a stage, or a well-known image without a tag.",
  examples: [
    {
      bad: "FROM golang:1.25 AS build\nRUN true\nFROM debian:12\nCOPY --from=biuld /app /app\n",
      good: "FROM golang:1.25 AS build\nRUN true\nFROM debian:12\nCOPY --from=build /app /app\n",
    },
  ],
  check(file, report, context) {
    for (const instruction of file.instructions) {
      const flag = instruction.flags.find((one) => one.name === "from");
      if (instruction.keyword !== "COPY" || flag?.value === undefined) continue;
      const from = expandKnown(flag.value, file.before(instruction).variables, file.escape)?.toLowerCase();
      if (from === undefined || from === "" || /[:/@]/.test(from) || context.contexts.has(from)) continue;
      const earlier = file.stages.filter((stage) => stage.index < instruction.stage);
      if (/^\d+$/.test(from)) {
        if (Number(from) >= instruction.stage)
          report({ at: flag, message: `there is no stage ${from} above` });
        continue;
      }
      if (earlier.some((stage) => stage.name === from) || file.stages[instruction.stage]?.name === from)
        continue;
      const later = file.stages.find((stage) => stage.name === from);
      const close =
        from.length < 4
          ? undefined
          : closeName(
              from,
              earlier.flatMap((stage) => stage.name ?? []),
            );
      // Any other name is most likely that of a context given with --build-context.
      const known = close !== undefined || officialImages.has(from);
      if (later === undefined && !known) continue;
      const message =
        later !== undefined
          ? `the stage ${from} comes later, in line ${later.from.line}`
          : `no stage is named ${from}${close === undefined ? "" : ` (${close}?)`}, so that it is an image on Docker Hub, without a tag`;
      report({ at: flag, message });
    }
  },
});
