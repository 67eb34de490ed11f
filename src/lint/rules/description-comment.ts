import { namesOf } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const descriptionComment = defineRule({
  kind: "dockerfile",
  name: "description-comment",
  group: "style",
  severity: "off",
  aliases: ["InvalidDefinitionDescription"],
  meaning: "The comment above a stage or an ARG does not begin with its name.",
  why: "`docker build --call=outline` shows the comment right above FROM or ARG as its description when it has the form `# name what it is`. Docker calls the check experimental; put an empty line between where the comment is about something else.",
  examples: [
    {
      bad: "FROM debian:12 AS base\n# which one to take\nARG VERSION=1\n",
      good: "FROM debian:12 AS base\n# VERSION which one to take\nARG VERSION=1\n",
    },
  ],
  check(file, report) {
    const comments = new Map(file.comments.map((one) => [one.line, one]));
    for (const instruction of file.instructions) {
      const comment = comments.get(instruction.line - 1);
      if (comment === undefined || comment.text === "" || /^check\s*=/i.test(comment.text)) continue;
      const alias = instruction.keyword === "FROM" ? instruction.words[2]?.raw.toLowerCase() : undefined;
      const names =
        instruction.keyword === "ARG"
          ? namesOf(instruction).map((one) => one.name)
          : alias === undefined
            ? []
            : [alias];
      const [first] = names;
      if (first === undefined || names.includes(comment.text.split(" ")[0] ?? "")) continue;
      report({
        at: { start: instruction.start, end: instruction.end },
        message: `the comment above does not begin with ${names.length > 1 ? "the name of an ARG" : first}`,
      });
    }
  },
});
