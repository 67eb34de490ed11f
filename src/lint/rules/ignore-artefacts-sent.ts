import { anchoredPatterns, artefacts, filesOf } from "../knowledge/ignore-artefacts.ts";
import { defineRule } from "../rule.ts";

/** Less of what may be wanted is not worth a line of anybody's file. */
const worthIt = 100_000_000;

export const ignoreArtefactsSent = defineRule({
  kind: "ignore",
  name: "ignore-artefacts-sent",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning: "Environments, data, logs or weights in the context are not left out.",
  why: "Whatever .dockerignore does not name is sent to the builder and, with `COPY . .`, stands in the image; a change in it builds the layers again. Only kinds of files that nobody builds from and that are in the context now count, and data, logs, weights and caches only from 100 MB on. Weights and data that an image is meant to carry can be excused with a comment.",
  examples: [
    {
      bad: "**/__pycache__\n",
      good: "**/__pycache__\n.venv\n",
      files: { ".venv/lib/libtorch.so": "ELF" },
    },
  ],
  check(file, report, context) {
    const last = file.patterns.at(-1);
    const at = last ?? { start: 0, end: Math.min(1, file.text.length) };
    const totals = artefacts.map(() => ({ count: 0, bytes: 0 }));
    for (const { path, size } of context.files ?? []) {
      const kind = artefacts.findIndex(({ name }) => name.test(path));
      const total = totals[kind];
      if (total === undefined || file.ignores(path)) continue;
      total.count += 1;
      total.bytes += size;
    }
    const found = totals.flatMap((total, kind) => {
      const { what } = artefacts[kind] ?? {};
      const isTiny = total.bytes < worthIt && what !== "virtual environments" && what !== "node_modules";
      // A pattern that means them and misses them has a rule of its own.
      const isMeant = (what === "weights" || what === "caches") && anchoredPatterns(file, what).length > 0;
      return total.count === 0 || isTiny || isMeant ? [] : [{ ...total, kind }];
    });
    if (found.length === 0) return;
    const what = found.map(({ count, kind }) => `${artefacts[kind]?.what} (${filesOf(count)})`).join(", ");
    report({
      at,
      message: `${what} go to the builder at each build`,
      waste: found.reduce((sum, one) => sum + one.bytes, 0),
    });
  },
});
