import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { appendCommand, asUser } from "../knowledge/append-command.ts";
import { type CacheKind, cacheFate, removes } from "../knowledge/caches.ts";
import { type PackageCommand, packageCommands } from "../knowledge/installs.ts";
import { placeOf } from "../knowledge/kept-caches.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { listsLeft } from "../knowledge/waste.ts";
import { defineRule } from "../rule.ts";

const lists: CacheKind = {
  folders: ["/var/lib/apt/lists"],
  movedBy: [],
  offBy: [],
  offOptions: [],
  folderOption: undefined,
  cleans: (command) => command.manager === "apt" && command.subcommand === "dist-clean",
};
const removal = "rm -rf /var/lib/apt/lists/*";

export const aptListsKept = defineRule({
  kind: "dockerfile",
  name: "apt-lists-kept",
  group: "caches",
  severity: "warning",
  aliases: ["DL3009", "DKL-DI-0005"],
  meaning: "`apt-get update` leaves its package lists in the layer.",
  why: "The lists are of use only to the next `apt-get install`, and stale soon after: 19 MB on Debian's images, 40 MB and more on Ubuntu's, 161 MB where the image does not keep them packed (measured on a bookworm made by mmdebstrap). Removing them in a later RUN saves nothing, as the layer that holds them stays. A cache mount on `/var/lib/apt` keeps them out of the image and still serves the next build.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends git\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*\n",
      fixed:
        "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*\n",
    },
    {
      bad: "FROM ubuntu:24.04\nRUN apt-get update \\\n    && apt-get install -y \\\n      git\n",
      good: "FROM ubuntu:24.04\nRUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y git\n",
      fixed:
        "FROM ubuntu:24.04\nRUN apt-get update \\\n    && apt-get install -y \\\n      git \\\n      && rm -rf /var/lib/apt/lists/*\n",
    },
  ],
  check(file, report) {
    for (const stage of shippedStages(file)) {
      for (const instruction of stage.instructions) {
        const refresh = keptRefresh(file, instruction);
        if (refresh === undefined) continue;
        const bytes = listsLeft(stage);
        const edit = isNeededLater(file, instruction)
          ? undefined
          : appendCommand(file, refresh.script, `${asUser(refresh.command)}${removal}`);
        report({
          at: placeOf([refresh]),
          message: "apt-get update leaves its package lists in the layer",
          waste: bytes,
          ...(edit !== undefined && {
            fix: { title: "remove the lists in the same RUN", risk: "safe", edits: [edit] },
          }),
        });
      }
    }
  },
});

/** The last refresh of a RUN, if its lists end up in the layer. */
function keptRefresh(file: Dockerfile, instruction: Instruction): PackageCommand | undefined {
  if ((instruction.trigger ?? instruction).keyword !== "RUN") return undefined;
  const refresh = packageCommands(file, instruction).findLast(
    (one) => one.manager === "apt" && one.action === "refresh",
  );
  return refresh !== undefined && cacheFate(file, refresh, lists).kept ? refresh : undefined;
}

/** Whether an install of a later RUN lives on these lists: without them it would fail. */
function isNeededLater(file: Dockerfile, instruction: Instruction): boolean {
  for (const later of file.instructions.slice(file.instructions.indexOf(instruction) + 1)) {
    if (later.keyword !== "RUN") continue;
    for (const one of packageCommands(file, later)) {
      if (one.manager === "apt" && one.action === "refresh") break;
      if (one.manager === "apt" && one.action === "install") return true;
    }
    // Scripts of which nothing is known may install as well.
    const scripts = packageCommands(file, later).length === 0 && /\.(?:sh|py)\b/.test(later.body.text);
    if (scripts && later.stage === instruction.stage && !removesLists(file, later)) return true;
  }
  return false;
}

function removesLists(file: Dockerfile, instruction: Instruction): boolean {
  return packageCommands(file, instruction).some((one) => removes(one.command, "/var/lib/apt/lists"));
}
