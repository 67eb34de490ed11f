import { defineRule } from "../rule.ts";

export const emptyContinuation = defineRule({
  kind: "dockerfile",
  name: "empty-continuation",
  group: "syntax",
  severity: "warning",
  aliases: ["NoEmptyContinuation"],
  meaning: "An empty line stands inside an instruction that is continued over several lines.",
  why: "Builders skip such lines today and announce that they will refuse them. To a reader the instruction seems to end there. A comment line may stand in its place.",
  examples: [
    {
      bad: "FROM debian:12\nRUN echo one && \\\n\n    echo two\n",
      good: "FROM debian:12\nRUN echo one && \\\n    # two follows\n    echo two\n",
      fixed: "FROM debian:12\nRUN echo one && \\\n    echo two\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      const [first, ...more] = instruction.emptyContinuations;
      if (first === undefined) continue;
      const lines = [first, ...more];
      // Told where the instruction goes on to its end, as BuildKit does: an empty line has nothing to point at.
      const end = instruction.body.offset(instruction.body.text.length);
      const start = file.lines.start(file.lines.position(Math.max(end - 1, 0)).line);
      report({
        at: { start, end },
        message:
          more.length === 0
            ? `an empty line stands inside ${instruction.keyword} (line ${first})`
            : `${lines.length} empty lines stand inside ${instruction.keyword} (from line ${first} on)`,
        fix: {
          title: more.length === 0 ? "remove the empty line" : "remove the empty lines",
          risk: "safe",
          edits: lines.map((line) => ({
            start: file.lines.start(line),
            end: file.lines.start(line + 1),
            text: "",
          })),
        },
      });
    }
  },
});
