import { appendCall } from "../knowledge/append-command.ts";
import type { CacheKind } from "../knowledge/caches.ts";
import { keptCaches, placeOf } from "../knowledge/kept-caches.ts";
import { defineRule } from "../rule.ts";

const cache: CacheKind = {
  folders: ["~/.cache/rattler"],
  movedBy: [
    { name: "PIXI_CACHE_DIR", below: "" },
    { name: "RATTLER_CACHE_DIR", below: "" },
    { name: "XDG_CACHE_HOME", below: "rattler" },
  ],
  offBy: [],
  offOptions: [],
  folderOption: undefined,
  cleans: (command) => command.manager === "pixi" && command.action === "clean",
};

export const pixiCacheKept = defineRule({
  kind: "dockerfile",
  name: "pixi-cache-kept",
  group: "caches",
  severity: "warning",
  aliases: [],
  meaning: "pixi leaves its package cache in the layer.",
  why: "pixi unpacks packages into `~/.cache/rattler` and links them into the environment; the archives of PyPI packages and whatever cannot be linked stay a second time. Clean it in the same RUN, mount it, or build in a stage of its own and copy only the environment, as the images of prefix-dev do.",
  examples: [
    {
      bad: "FROM ghcr.io/prefix-dev/pixi:0.41.4\nRUN pixi install --locked\n",
      good: "FROM ghcr.io/prefix-dev/pixi:0.41.4 AS build\nRUN pixi install --locked\nFROM ubuntu:24.04\nCOPY --from=build /app /app\n",
      fixed: "FROM ghcr.io/prefix-dev/pixi:0.41.4\nRUN pixi install --locked && pixi clean cache --yes\n",
    },
  ],
  check(file, report) {
    const kept = keptCaches(
      file,
      cache,
      ({ manager, action }) => manager === "pixi" && (action === "install" || action === "sync"),
    );
    for (const { installs, folder } of kept) {
      const [first] = installs;
      if (first === undefined) continue;
      const edit = appendCall(file, first, /^pixi$/, "clean cache --yes");
      report({
        at: placeOf(installs),
        message: `pixi keeps its cache in ${folder}`,
        ...(edit !== undefined && {
          fix: { title: "clean the cache in the same RUN", risk: "safe", edits: [edit] },
        }),
      });
    }
  },
});
