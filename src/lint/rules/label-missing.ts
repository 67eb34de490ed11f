import type { Stage } from "../../dockerfile/document.ts";
import { labelsOf } from "../knowledge/labels.ts";
import { defineRule } from "../rule.ts";

export const labelMissing = defineRule({
  kind: "dockerfile",
  name: "label-missing",
  group: "labels",
  severity: "warning",
  aliases: ["DL3049"],
  meaning: "An image lacks a label that the configuration asks for.",
  why: "It is silent until `.ddiff.yaml` names `labels`. A stage that no other one uses is an image; labels of the stages that it stands on count.",
  examples: [
    {
      bad: "FROM debian:12\nRUN true\n",
      good: "FROM debian:12\nLABEL org.opencontainers.image.source=https://git.lab.example/app\n",
      options: { labels: new Map([["org.opencontainers.image.source", "url"]]) },
    },
  ],
  check(file, report, { options }) {
    if (options.labels === undefined || options.labels.size === 0) return;
    const used = new Set(file.stages.flatMap((stage) => stage.uses));
    for (const stage of file.stages) {
      if (used.has(stage) || stage.image === undefined) continue;
      const has = new Set<string>();
      for (
        let one: Stage | undefined = stage;
        one !== undefined;
        one = one.base.kind === "stage" ? one.base.stage : undefined
      )
        for (const instruction of one.instructions)
          for (const { name } of labelsOf(file, instruction)) has.add(name);
      const missing = [...options.labels.keys()].filter((name) => !has.has(name));
      for (const name of missing) report({ at: stage.image, message: `the image has no label ${name}` });
    }
  },
});
