import { labelsOf } from "../knowledge/labels.ts";
import { defineRule } from "../rule.ts";

export const labelSuperfluous = defineRule({
  kind: "dockerfile",
  name: "label-superfluous",
  group: "labels",
  severity: "warning",
  aliases: ["DL3050"],
  meaning: "A label is set that the configuration does not know.",
  why: "It is silent until `.ddiff.yaml` names `labels` with `strict-labels: true`. A misspelt label is as good as none.",
  examples: [
    {
      bad: "FROM debian:12\nLABEL taem=vision\n",
      good: "FROM debian:12\nLABEL team=vision\n",
      options: { labels: new Map([["team", "text"]]), strictLabels: true },
    },
  ],
  check(file, report, { options }) {
    const { labels, strictLabels } = options;
    if (labels === undefined || !strictLabels) return;
    for (const instruction of file.instructions)
      for (const { name, at } of labelsOf(file, instruction))
        if (!labels.has(name))
          report({ at, message: `the label ${name} is not among those of the configuration` });
  },
});
