import { posix } from "node:path";
import { copySources } from "../knowledge/copies.ts";
import { artefacts } from "../knowledge/ignore-artefacts.ts";
import { defineRule } from "../rule.ts";

export const ignoreFileMissing = defineRule({
  kind: "dockerfile",
  name: "ignore-file-missing",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning:
    "The whole context is copied, no .dockerignore leaves anything out, and there is something to leave out.",
  why: "`COPY . .` takes the history of .git (with every secret that was ever in it), virtual environments, data and logs into the image, and a change in any of them builds the layer again. Most machine-learning repositories have no .dockerignore. Said only where .git, a .env file, environments, caches, logs or weights are in the context now.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nCOPY . /app\n",
      good: "FROM python:3.12-slim\nCOPY src /app\n",
      files: { ".env": "TOKEN=1\n", "src/main.py": "", ".venv/lib/a.py": "x" },
    },
  ],
  check(file, report, context) {
    if (context.ignore !== undefined || context.files === undefined) return;
    for (const instruction of file.instructions) {
      const whole = copySources(file, instruction).find(({ path }) => posix.normalize(`./${path}/`) === "./");
      if (whole === undefined) continue;
      const found = new Map<string, number>();
      if (context.read(".git/HEAD") !== undefined) found.set(".git", 0);
      for (const { path, size } of context.files) {
        if (/(?:^|\/)\.env$/.test(path)) found.set(".env", 0);
        const kind = artefacts.find(({ name }) => name.test(path));
        if (kind !== undefined) found.set(kind.what, (found.get(kind.what) ?? 0) + size);
      }
      // So little is an example's input or a test's, and wanted.
      for (const what of ["data sets", "weights"]) if ((found.get(what) ?? 0) < 1e6) found.delete(what);
      if (found.size === 0) return;
      const bytes = [...found.values()].reduce((sum, one) => sum + one, 0);
      report({
        at: whole.at,
        message: `${[...found.keys()].join(", ")} of the context go into the image, as there is no .dockerignore`,
        ...(bytes > 0 ? { waste: bytes } : {}),
      });
      return;
    }
  },
});
