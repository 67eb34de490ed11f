import { readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Dockerfile } from "../dockerfile/document.ts";
import type { BuildContext } from "./build-context.ts";
import { repositoryOf } from "./config.ts";
import { kindByName } from "./kinds.ts";
import { readText } from "./read-text.ts";

/** Finds the folders that Dockerfiles are built with. */
export interface ContextFinder {
  /** Reads the compose files that may speak of the Dockerfiles in a folder (absolute); `find` asks nothing else of the disk at once. */
  prepare(folder: string): Promise<void>;
  find(path: string, file: Dockerfile): BuildContext | undefined;
}

/**
 * A compose file beside the Dockerfile or above it says which folder is sent. Without one it is the nearest folder, upwards to the root of the
 * repository, in which all that the Dockerfile copies is there; undefined where nothing of it is: then nothing may be said about files.
 */
export function makeContextFinder(open: (folder: string) => BuildContext | undefined): ContextFinder {
  const composed = new Map<string, ReadonlyMap<string, string>>();
  const above = new Map<string, readonly string[]>();
  return {
    async prepare(folder) {
      if (above.has(folder)) return;
      const folders = upwards(folder);
      for (const one of folders) if (!composed.has(one)) composed.set(one, await buildsIn(one));
      above.set(folder, folders);
    },
    find(path, file) {
      const folder = dirname(path);
      const folders = above.get(folder) ?? [folder];
      const real = realOf(path);
      for (const one of folders) {
        const context = composed.get(one)?.get(real);
        if (context !== undefined) return open(context);
      }
      const sources = copiedNames(file);
      if (sources.length === 0) return open(folder);
      let best: { context: BuildContext; there: number } | undefined;
      for (const one of folders) {
        const context = open(one);
        if (context === undefined) continue;
        const there = sources.filter((source) => context.has(source)).length;
        if (there > (best?.there ?? 0)) best = { context, there };
        if (there === sources.length) break;
      }
      return best?.context;
    },
  };
}

/** A folder and those above it, up to the root of the repository; only itself where it is in none. */
function upwards(folder: string): string[] {
  const top = repositoryOf(folder);
  if (top === undefined) return [folder];
  const folders = [folder];
  for (let at = folder; at !== top && dirname(at) !== at; ) {
    at = dirname(at);
    folders.push(at);
  }
  return folders;
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Contexts by Dockerfile (absolute paths), as the compose files of a folder name them. */
async function buildsIn(folder: string): Promise<Map<string, string>> {
  const builds = new Map<string, string>();
  for (const name of namesIn(folder)) {
    if (kindByName(name) !== "compose") continue;
    const text = readText(join(folder, name));
    if (text === undefined) continue;
    // Imported where it is needed: most runs start without a reader of YAML.
    const { readCompose } = await import("../dockerfile/read-compose.ts");
    for (const service of readCompose(text).services) {
      const short = service.get("build");
      const context = typeof short === "string" ? short : service.get("build", "context");
      const dockerfile =
        typeof short === "string" ? "Dockerfile" : (service.get("build", "dockerfile") ?? "Dockerfile");
      if (
        typeof context !== "string" ||
        typeof dockerfile !== "string" ||
        /[$]|:\/\//.test(context + dockerfile)
      )
        continue;
      const root = resolve(folder, context);
      const key = realOf(resolve(root, dockerfile));
      if (!builds.has(key)) builds.set(key, root);
    }
  }
  return builds;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** What COPY and ADD take from the context, as far as it is written out: the part before a pattern or a variable. */
function copiedNames(file: Dockerfile): string[] {
  const names = new Set<string>();
  for (const instruction of file.instructions) {
    if (instruction.keyword !== "COPY" && instruction.keyword !== "ADD") continue;
    if (instruction.flags.some((flag) => flag.name === "from")) continue;
    const words = instruction.json?.map((one) => one.value) ?? instruction.words.map((word) => word.raw);
    for (const word of words.slice(0, -1)) {
      const name = word.replace(/[*?[$][^]*$/, "").replaceAll(/^["']|["']$/g, "");
      const whole = name === word ? name : name.slice(0, name.lastIndexOf("/") + 1);
      const clean = whole.replace(/^\.?\/+/, "").replace(/\/+$/, "");
      if (clean === "" || clean === "." || /^<<|:\/\/|^git@/.test(word) || basename(clean) === "..") continue;
      names.add(clean);
    }
  }
  return [...names];
}
