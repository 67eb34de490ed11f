import { posix } from "node:path";
import { copySources } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

export const copyIgnoredFile = defineRule({
  kind: "dockerfile",
  name: "copy-ignored-file",
  group: "ignore",
  severity: "error",
  aliases: ["CopyIgnoredFile"],
  meaning: "COPY or ADD names a file that .dockerignore keeps out of the build context.",
  why: "The builder never gets the file: the build stops with `not found`, though the file is there to be seen. Where .dockerignore takes patterns back with `!`, only files that are there and are left out are reported.",
  examples: [
    {
      bad: "FROM debian:12\nCOPY config.yaml /etc/app/\n",
      good: "FROM debian:12\nCOPY settings.toml /etc/app/\n",
      files: { ".dockerignore": "*.yaml\n", "config.yaml": "a: 1\n", "settings.toml": "" },
    },
  ],
  check(file, report, context) {
    const { ignore } = context;
    if (ignore === undefined || ignore.patterns.length === 0) return;
    const takesBack = ignore.patterns.some((one) => one.negated);
    const leavesAll = ignore.patterns.some((one) => /^(?:\*|\*\*|\*\*\/\*)$/.test(one.pattern));
    const present = (path: string): boolean => context.files?.some((one) => one.path === path) === true;
    for (const instruction of file.instructions) {
      for (const { path, at } of copySources(file, instruction)) {
        const clean = posix.normalize(path).replace(/^\/+|\/+$/g, "") || ".";
        const decided = clean === "." ? undefined : ignore.decides(clean);
        if (clean === "." ? !leavesAll || takesBack : takesBack && !present(clean)) continue;
        if (clean !== "." && (decided === undefined || decided.negated)) continue;
        const what = clean === "." ? "everything" : clean;
        const by = decided === undefined ? "" : ` (${decided.raw}, line ${decided.line})`;
        report({ at, message: `.dockerignore${by} keeps ${what} out, so that it cannot be copied` });
      }
    }
  },
});
