import { readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Dockerfile } from "../dockerfile/document.ts";
import type { BuildContext } from "./build-context.ts";
import { repositoryOf } from "../config/find.ts";
import { kindByName } from "./kinds.ts";
import { readText } from "./read-text.ts";
import { workflowContexts } from "./workflow-builds.ts";

/** Finds the folders that Dockerfiles are built with. */
export interface ContextFinder {
  /** Reads the compose files that may speak of the Dockerfiles in a folder (absolute); `find` asks nothing else of the disk at once. */
  prepare(folder: string): Promise<void>;
  find(path: string, file: Dockerfile): BuildContext | undefined;
  /** The names that compose and bake files beside a Dockerfile (absolute path) and above it give to further contexts. */
  contexts(path: string): ReadonlySet<string>;
}

/**
 * A compose file beside the Dockerfile or above it says which folder is sent, or a workflow of the repository. Without one it is the nearest folder,
 * upwards to the root of the repository, in which all that the Dockerfile copies is there; undefined where nothing of it is: then nothing may be said about files.
 */
export function makeContextFinder(open: (folder: string) => BuildContext | undefined): ContextFinder {
  const composed = new Map<string, Builds>();
  const above = new Map<string, readonly string[]>();
  const byWorkflow = new Map<string, ReturnType<typeof workflowContexts>>();
  const workflowContext = (path: string): string | undefined => {
    const top = repositoryOf(dirname(path));
    if (top === undefined) return undefined;
    let find = byWorkflow.get(top);
    if (find === undefined) byWorkflow.set(top, (find = workflowContexts(top)));
    const context = find(relative(top, path).replaceAll("\\", "/"));
    return context === undefined ? undefined : join(top, context);
  };
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
        const context = composed.get(one)?.roots.get(real);
        if (context !== undefined) return open(context);
      }
      const built = workflowContext(real);
      const named = built === undefined ? undefined : open(built);
      if (named !== undefined) return named;
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
    contexts(path) {
      const folders = above.get(dirname(path)) ?? [];
      return new Set(folders.flatMap((folder) => [...(composed.get(folder)?.contexts ?? [])]));
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

/** What compose and bake files say of builds. */
interface Builds {
  /** Contexts by Dockerfile (absolute paths). */
  readonly roots: ReadonlyMap<string, string>;
  /** Names of further contexts. */
  readonly contexts: ReadonlySet<string>;
}

/** Reads the compose and bake files of a folder. */
async function buildsIn(folder: string): Promise<Builds> {
  const roots = new Map<string, string>();
  const contexts = new Set<string>();
  for (const name of namesIn(folder)) {
    if (/bake.*\.(?:hcl|json)$/.test(name))
      for (const one of bakeContexts(readText(join(folder, name)) ?? "")) contexts.add(one);
    if (kindByName(name) !== "compose") continue;
    const text = readText(join(folder, name));
    if (text === undefined) continue;
    // Imported where it is needed: most runs start without a reader of YAML.
    const { readCompose } = await import("../dockerfile/read-compose.ts");
    for (const service of readCompose(text).services) {
      for (const one of namesOf(service.get("build", "additional_contexts"))) contexts.add(one);
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
      if (!roots.has(key)) roots.set(key, root);
    }
  }
  return { roots, contexts };
}

/** The keys of `contexts = { ... }` (HCL) and `"contexts": { ... }` (JSON) of a bake file, which is read no further. */
function bakeContexts(text: string): string[] {
  return [...text.matchAll(/(?:^|[\s,{])"?contexts"?\s*[=:]\s*\{([^{}]*(?:\$\{[^}]*\}[^{}]*)*)\}/g)].flatMap(
    (match) =>
      [...(match[1] ?? "").matchAll(/(?:^|[\n,])\s*"?([\w./:@-]+)"?\s*[=:]/g)].flatMap((key) => key[1] ?? []),
  );
}

/** The names of `additional_contexts`: keys, or `name=...` in a list. */
function namesOf(contexts: unknown): string[] {
  if (Array.isArray(contexts)) return contexts.flatMap((one) => String(one).split("=", 1));
  return typeof contexts === "object" && contexts !== null ? Object.keys(contexts) : [];
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
