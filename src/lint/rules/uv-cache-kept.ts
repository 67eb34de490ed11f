import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { baseOf, instructionsOf } from "../knowledge/bases.ts";
import type { CacheKind } from "../knowledge/caches.ts";
import { afterSubcommand, keptCaches, placeOf } from "../knowledge/kept-caches.ts";
import { rootImage } from "../knowledge/variables.ts";
import { downloadBytes } from "../knowledge/waste.ts";
import { defineRule } from "../rule.ts";

const cache: CacheKind = {
  folders: ["~/.cache/uv"],
  movedBy: [
    { name: "UV_CACHE_DIR", below: "" },
    { name: "XDG_CACHE_HOME", below: "uv" },
  ],
  offBy: ["UV_NO_CACHE"],
  offOptions: ["--no-cache", "--no-cache-dir", "-n"],
  folderOption: "--cache-dir",
  cleans: (command) => command.manager === "uv" && command.action === "clean",
};

export const uvCacheKept = defineRule({
  kind: "dockerfile",
  name: "uv-cache-kept",
  group: "caches",
  severity: "warning",
  aliases: [],
  meaning: "uv leaves its cache of unpacked wheels in the layer.",
  why: "uv unpacks each wheel into `~/.cache/uv` and links it into the environment. In one layer the hard links cost nothing twice, but what is not linked (source builds, replaced versions, the index) stays, and a `UV_LINK_MODE=copy` or an environment on another mount doubles all of it: several GB for torch. uv's own Docker guide uses a cache mount, or `--no-cache`. Silent where uv comes with a base of which nothing is known: its variables may switch the cache off.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN uv pip install --system torch\n",
      good: "FROM python:3.12-slim\nRUN uv pip install --system --no-cache torch\n",
      fixed: "FROM python:3.12-slim\nRUN uv pip install --no-cache --system torch\n",
    },
    {
      bad: "FROM python:3.12-slim\nENV UV_LINK_MODE=copy\nRUN uv sync --locked\n",
      good: "FROM python:3.12-slim\nENV UV_LINK_MODE=copy\nRUN --mount=type=cache,target=/root/.cache/uv uv sync --locked\n",
      fixed: "FROM python:3.12-slim\nENV UV_LINK_MODE=copy\nRUN uv sync --no-cache --locked\n",
    },
  ],
  check(file, report, context) {
    const kept = keptCaches(
      file,
      cache,
      ({ manager, action, subcommand }) =>
        (manager === "uv" || manager === "uv-pip") &&
        (action === "install" || action === "sync") &&
        subcommand !== "run",
    );
    for (const { installs, folder } of kept) {
      if (installs.some(({ instruction }) => hasForeignUv(file, instruction))) continue;
      const copied = installs.some(
        ({ command, instruction, options }) =>
          command.assignments.get("UV_LINK_MODE") === "copy" ||
          options.get("--link-mode") === "copy" ||
          file.before(instruction).env.get("UV_LINK_MODE") === "copy",
      );
      const edits = installs.flatMap((install) => {
        const at = afterSubcommand(install);
        return at === undefined ? [] : [{ start: at, end: at, text: " --no-cache" }];
      });
      const bytes = copied ? downloadBytes(file, installs, context) : undefined;
      report({
        at: placeOf(installs),
        message: copied
          ? `uv keeps a second copy of what it installs in ${folder}`
          : `uv keeps its cache in ${folder}`,
        ...(bytes !== undefined && { waste: bytes }),
        ...(edits.length === installs.length && { fix: { title: "add --no-cache", risk: "safe", edits } }),
      });
    }
  },
});

/**
 * Whether uv comes with a base of which nothing is known: one that somebody made for uv, and may have set UV_NO_CACHE in. What the file brings itself, by
 * an install or a COPY, is not.
 */
function hasForeignUv(file: Dockerfile, instruction: Instruction): boolean {
  const stage = file.stages[instruction.stage];
  if (stage === undefined || baseOf(stage) !== undefined || rootImage(stage) === "scratch") return false;
  return !instructionsOf(stage).some(
    (one) =>
      one.start <= instruction.start && /astral|\bpipx?3? +install\b[^&;|]*\buv\b|\/uv\b/.test(one.body.text),
  );
}
