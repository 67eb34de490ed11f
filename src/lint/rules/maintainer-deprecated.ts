import { defineRule } from "../rule.ts";

export const maintainerDeprecated = defineRule({
  kind: "dockerfile",
  name: "maintainer-deprecated",
  group: "syntax",
  severity: "info",
  aliases: ["MaintainerDeprecated", "DL4000", "DS-0022", "CKV_DOCKER_6"],
  meaning: "MAINTAINER is used, which a label has replaced.",
  why: "Docker deprecated it in 2017. The label `org.opencontainers.image.authors` says the same, can be asked for with `docker inspect`, and is what registries show.",
  examples: [
    {
      bad: "FROM debian:12\nMAINTAINER Ada <ada@lab.example>\n",
      good: 'FROM debian:12\nLABEL org.opencontainers.image.authors="Ada <ada@lab.example>"\n',
      fixed: 'FROM debian:12\nLABEL org.opencontainers.image.authors="Ada <ada@lab.example>"\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "MAINTAINER") continue;
      const { body, keywordRange } = instruction;
      const bare = body.text.replace(/^(["'])(.*)\1$/s, "$2");
      const value = bare.replace(/["\\$`]/g, "\\$&");
      const simple = !bare.includes("\n") && file.escape === "\\";
      report({
        at: { start: instruction.start, end: instruction.end },
        message: "MAINTAINER is deprecated, and no tool shows it",
        ...(simple && {
          fix: {
            title: "write it as a label",
            risk: "safe",
            edits: [
              {
                start: keywordRange.start,
                end: body.offset(body.text.length),
                text: `LABEL org.opencontainers.image.authors="${value}"`,
              },
            ],
          },
        }),
      });
    }
  },
});
