import { labelsOf } from "../knowledge/labels.ts";
import { defineRule } from "../rule.ts";

export const labelKey = defineRule({
  kind: "dockerfile",
  name: "label-key",
  group: "labels",
  severity: "off",
  aliases: ["DL3048"],
  meaning: "A label's name does not follow Docker's rules.",
  why: "Names are lower-case letters, digits, single dots and dashes, with a letter first; `com.docker.`, `io.docker.` and `org.dockerproject.` are Docker's own. Other names work, but tools that read labels may not find them.",
  examples: [
    {
      bad: 'FROM debian:12\nLABEL com.docker.team="vision"\n',
      good: 'FROM debian:12\nLABEL org.lab.team="vision"\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      for (const { name, at } of labelsOf(file, instruction)) {
        const reserved = /^(?:com\.docker|io\.docker|org\.dockerproject)\./.test(name);
        const wellFormed = /^[a-z](?:[.-]?[a-z0-9])*$/.test(name);
        if (reserved) report({ at, message: `names like ${name} are kept for Docker` });
        else if (!wellFormed && !name.includes("${"))
          report({ at, message: `${name} is not a name as Docker wants them for labels` });
      }
    }
  },
});
