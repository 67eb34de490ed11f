import { anchoredPatterns, filesOf, namesOf, slipThrough } from "../knowledge/ignore-artefacts.ts";
import { defineRule } from "../rule.ts";

export const ignoreWeightsAnchored = defineRule({
  kind: "ignore",
  name: "ignore-weights-anchored",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning:
    "A pattern for weights leaves them out only at the root of the context, so those in folders are shipped.",
  why: "`*.pt` means files beside the Dockerfile. `models/best.pt` is sent to the builder at each build and lands in the image with `COPY . .` or `COPY models/`, gigabytes in a layer that every host pulls. Write `**/*.pt` and mount the weights or fetch them at the start; take back what the image needs with `!models/small.onnx` below. The fix is not a safe one, because a COPY may rely on the files.",
  examples: [
    {
      bad: "*.pt\n*.onnx\n",
      good: "**/*.pt\n**/*.onnx\n",
      fixed: "**/*.pt\n**/*.onnx\n",
      files: { "models/best.pt": "weights" },
    },
  ],
  check(file, report, context) {
    const found = anchoredPatterns(file, "weights");
    const [first] = found;
    if (first === undefined) return;
    const { count, bytes } = slipThrough(file, found, context);
    const sent = count === 0 ? "" : `: ${filesOf(count)}`;
    const verb = found.length === 1 ? "matches" : "match";
    report({
      at: first,
      message: `${namesOf(found)} only ${verb} at the root of the context, so weights in folders are sent to the builder${sent}`,
      ...(bytes > 0 ? { waste: bytes } : {}),
      fix: {
        title: "put **/ in front",
        risk: "unsafe",
        edits: found.map(({ start }) => ({ start, end: start, text: "**/" })),
      },
    });
  },
});
