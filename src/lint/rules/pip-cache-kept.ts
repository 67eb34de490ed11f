import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { chainOf } from "../knowledge/bases.ts";
import type { CacheKind } from "../knowledge/caches.ts";
import { hasOption, type PackageCommand } from "../knowledge/installs.ts";
import { afterSubcommand, keptCaches, placeOf } from "../knowledge/kept-caches.ts";
import { downloadBytes } from "../knowledge/waste.ts";
import { defineRule } from "../rule.ts";

const cache: CacheKind = {
  folders: ["~/.cache/pip"],
  movedBy: [
    { name: "PIP_CACHE_DIR", below: "" },
    { name: "XDG_CACHE_HOME", below: "pip" },
  ],
  offBy: ["PIP_NO_CACHE_DIR"],
  offOptions: ["--no-cache-dir"],
  folderOption: "--cache-dir",
  cleans: (command) => command.manager === "pip" && command.action === "clean",
};

export const pipCacheKept = defineRule({
  kind: "dockerfile",
  name: "pip-cache-kept",
  group: "caches",
  severity: "warning",
  aliases: ["DL3042", "DF030"],
  meaning: "`pip install` leaves every wheel that it downloaded in the layer.",
  why: "pip keeps what it downloads in `~/.cache/pip` for a next time that an image never has: for torch with CUDA that is 2.6 to 3.5 GB beside the installed copy. A fifth of 761 machine-learning Dockerfiles do it. `--no-cache-dir` or `ENV PIP_NO_CACHE_DIR=1` avoids it; a cache mount avoids it and makes the next build faster. Silent where only wheels of the image or the context are installed, or a repository of git, which pip does not cache, and on a base that is named only at build time, whose variables nobody knows.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN pip install torch\n",
      good: "FROM python:3.12-slim\nRUN --mount=type=cache,target=/root/.cache/pip pip install torch\n",
      fixed: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch\n",
    },
    {
      bad: "FROM python:3.12-slim\nUSER app\nRUN python -m pip install -r requirements.txt && rm -rf /root/.cache/uv\n",
      good: "FROM python:3.12-slim\nENV PIP_NO_CACHE_DIR=1\nUSER app\nRUN python -m pip install -r requirements.txt\n",
      fixed:
        "FROM python:3.12-slim\nUSER app\nRUN python -m pip install --no-cache-dir -r requirements.txt && rm -rf /root/.cache/uv\n",
    },
  ],
  check(file, report, context) {
    for (const { installs, folder } of keptCaches(file, cache, fills)) {
      // An image that is named only at build time is mostly one of the same people, and sets PIP_NO_CACHE_DIR as often as not.
      if (installs.some(({ instruction }) => isOnUnknownBase(file, instruction))) continue;
      const edits = installs.flatMap((install) => {
        const at = afterSubcommand(install);
        return at === undefined ? [] : [{ start: at, end: at, text: " --no-cache-dir" }];
      });
      const bytes = downloadBytes(file, installs, context);
      report({
        at: placeOf(installs),
        message: `pip keeps what it downloads in ${folder}`,
        ...(bytes !== undefined && { waste: bytes }),
        ...(edits.length === installs.length && {
          fix: { title: "add --no-cache-dir", risk: "safe", edits },
        }),
      });
    }
  },
});

/**
 * Whether an install certainly downloads what pip keeps. What lies in the image or the context without its dependencies does not; a wheel there, or a
 * repository of git, which pip clones elsewhere, may need nothing besides.
 */
function fills(command: PackageCommand): boolean {
  if (command.manager !== "pip" || command.action !== "install") return false;
  const packages = command.packages.filter(({ version }) => !/@\s*git\+/.test(version));
  const files = command.files.filter(({ value }) => !value.startsWith("git+"));
  if (packages.length > 0 || files.some((word) => !isLocal(word.value))) return true;
  if (hasOption(command, "--no-deps", "--no-index")) return false;
  if (files.length < command.files.length || packages.length < command.packages.length)
    return files.length > 0;
  return files.length === 0 || files.some((word) => !word.value.endsWith(".whl"));
}

function isOnUnknownBase(file: Dockerfile, { stage }: Instruction): boolean {
  const own = file.stages[stage];
  return own !== undefined && chainOf(own)[0]?.base.kind === "unknown";
}

function isLocal(path: string): boolean {
  return !/^(?:https?|git)/.test(path);
}
