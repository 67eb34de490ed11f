import type { CacheKind } from "../knowledge/caches.ts";
import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { type PackageCommand, packageCommands } from "../knowledge/installs.ts";
import { afterSubcommand, keptCaches, placeOf } from "../knowledge/kept-caches.ts";
import { defineRule, type Edit } from "../rule.ts";

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
      fixed: "FROM alpine:3.22\nRUN apk add --no-cache git\n",
    },
  ],
  check(file, report) {
    const kept = keptCaches(file, cache, ({ manager, action }) => manager === "apk" && action === "install");
    for (const { installs } of kept) {
      const edits = installs.flatMap((install) => {
        const at = afterSubcommand(install);
        return at === undefined ? [] : [{ start: at, end: at, text: " --no-cache" }];
      });
      const updates = installs.slice(0, 1).flatMap(({ instruction }) => updatesOf(file, instruction));
      const removals = updates.map((update) => withoutUpdate(file, update));
      const all = [...edits, ...removals.filter((edit) => edit !== undefined)];
      const title = updates.length === 0 ? "add --no-cache" : "add --no-cache, remove apk update";
      report({
        at: placeOf(installs),
        message:
          updates.length === 0
            ? "apk add leaves its index in the layer"
            : "apk update and apk add leave the index in the layer",
        waste: 2_500_000,
        ...(all.length === installs.length + updates.length && {
          fix: { title, risk: "safe", edits: all },
        }),
      });
    }
  },
});

/** What fetches the index without `--no-cache`, so that the option of `apk add` alone does not help. */
function updatesOf(file: Dockerfile, instruction: Instruction): PackageCommand[] {
  return packageCommands(file, instruction).filter(
    (one) => one.manager === "apk" && /^(?:update|upgrade)$/.test(one.subcommand),
  );
}

/** Takes `apk update &&` away; undefined where it does not stand like that. */
function withoutUpdate(file: Dockerfile, { command, script, subcommand }: PackageCommand): Edit | undefined {
  const next = script.commands[script.commands.indexOf(command) + 1];
  if (subcommand !== "update" || next === undefined || next.depth !== command.depth) return undefined;
  const between = file.text.slice(command.end, next.start);
  if (!/^(?:\s|\\\r?\n)*&&(?:\s|\\\r?\n)*$/.test(between)) return undefined;
  return { start: command.start, end: next.start, text: "" };
}
