import type { CacheKind } from "../knowledge/caches.ts";
import { afterSubcommand, keptCaches, placeOf } from "../knowledge/kept-caches.ts";
import { defineRule } from "../rule.ts";

const cache: CacheKind = {
  folders: ["/var/cache/apk"],
  movedBy: [],
  offBy: [],
  offOptions: ["--no-cache"],
  folderOption: "--cache-dir",
  cleans: (command) => command.manager === "apk" && command.action === "clean",
};

export const apkCacheKept = defineRule({
  kind: "dockerfile",
  name: "apk-cache-kept",
  group: "caches",
  severity: "info",
  aliases: ["DL3019", "DS-0025", "DKL-DI-0004"],
  meaning: "`apk add` leaves its index in the layer.",
  why: "The index is 2 to 3 MB and of no use to a running container. `apk add --no-cache` fetches it anew and keeps nothing.",
  examples: [
    {
      bad: "FROM alpine:3.22\nRUN apk update && apk add git\n",
      good: "FROM alpine:3.22\nRUN apk add --no-cache git\n",
      fixed: "FROM alpine:3.22\nRUN apk update && apk add --no-cache git\n",
    },
  ],
  check(file, report) {
    const kept = keptCaches(file, cache, ({ manager, action }) => manager === "apk" && action === "install");
    for (const { installs } of kept) {
      const edits = installs.flatMap((install) => {
        const at = afterSubcommand(install);
        return at === undefined ? [] : [{ start: at, end: at, text: " --no-cache" }];
      });
      report({
        at: placeOf(installs),
        message: "apk add leaves its index in the layer",
        waste: 2_500_000,
        ...(edits.length === installs.length && { fix: { title: "add --no-cache", risk: "safe", edits } }),
      });
    }
  },
});
