import { appendCall } from "../knowledge/append-command.ts";
import type { CacheKind } from "../knowledge/caches.ts";
import { hasOption, type PackageCommand } from "../knowledge/installs.ts";
import { keptByManagers, placeOf } from "../knowledge/kept-caches.ts";
import { defineRule } from "../rule.ts";

const cleans = (command: PackageCommand): boolean => command.action === "clean";
const managers: Readonly<Record<"npm" | "yarn", CacheKind & { readonly clean: string }>> = {
  npm: {
    folders: ["~/.npm"],
    movedBy: [
      { name: "NPM_CONFIG_CACHE", below: "" },
      { name: "npm_config_cache", below: "" },
    ],
    offBy: [],
    offOptions: [],
    folderOption: "--cache",
    cleans,
    clean: "cache clean --force",
  },
  yarn: {
    folders: ["~/.cache/yarn"],
    movedBy: [{ name: "YARN_CACHE_FOLDER", below: "" }],
    offBy: [],
    offOptions: [],
    folderOption: "--cache-folder",
    removed: /\.?cache\/yarn|\.yarn\/cache/,
    cleans,
    clean: "cache clean",
  },
};

export const nodeCacheKept = defineRule({
  kind: "dockerfile",
  name: "node-cache-kept",
  group: "caches",
  severity: "info",
  aliases: ["DL3060"],
  meaning: "npm or yarn leaves its download cache in the layer.",
  why: "The cache holds every package as it was downloaded, beside `node_modules`. Clean it in the same RUN or mount it; stages that are only built in need neither, and are not reported.",
  examples: [
    {
      bad: "FROM node:22-slim\nRUN npm ci --omit=dev\n",
      good: "FROM node:22-slim\nRUN --mount=type=cache,target=/root/.npm npm ci --omit=dev\n",
      fixed: "FROM node:22-slim\nRUN npm ci --omit=dev && npm cache clean --force\n",
    },
    {
      bad: "FROM node:22-slim\nRUN yarn install --production\n",
      good: "FROM node:22-slim\nRUN yarn install --production && yarn cache clean\n",
      fixed: "FROM node:22-slim\nRUN yarn install --production && yarn cache clean\n",
    },
  ],
  check(file, report) {
    for (const { manager, kind, installs, folder } of keptByManagers(file, managers, fetchesPackages)) {
      const [first] = installs;
      const edit =
        first === undefined ? undefined : appendCall(file, first, /^(?:npm|yarn|yarnpkg)$/, kind.clean);
      report({
        at: placeOf(installs),
        message: `${manager} keeps what it downloads in ${folder}`,
        ...(edit !== undefined && {
          fix: { title: "clean the cache in the same RUN", risk: "safe", edits: [edit] },
        }),
      });
    }
  },
});

/** For the lock file alone npm asks what there is, and fetches no package. */
function fetchesPackages(command: PackageCommand): boolean {
  return !hasOption(command, "--package-lock-only");
}
