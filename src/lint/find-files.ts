import { readdirSync, realpathSync, statSync } from "node:fs";
import { join, normalize, resolve } from "node:path";
import type { Configs } from "./config.ts";
import { kindByName } from "./kinds.ts";

/** Never looked into: what is there was written by others, or by no person. */
const passedOver = new Set([
  ".git",
  "node_modules",
  ".venv",
  "venv",
  "site-packages",
  ".pixi",
  "__pycache__",
  ".tox",
  ".hg",
  ".svn",
]);

/** A file to look at. */
export interface FoundFile {
  /** As the user named it, or as it lies below a folder that they named. */
  readonly path: string;
  readonly absolute: string;
}

/**
 * The files that `paths` mean: a file is taken whatever it is called, of a folder every Dockerfile, compose file and .dockerignore below it
 * that the configuration does not exclude. Each file once, in the order of the arguments and then of the names. Throws `CONFIG_INVALID`.
 */
export async function findFiles(
  paths: readonly string[],
  cwd: string,
  configs: Configs,
): Promise<FoundFile[]> {
  const seen = new Set<string>();
  const found: FoundFile[] = [];
  const take = (path: string, absolute: string): void => {
    const real = realOf(absolute);
    if (seen.has(real)) return;
    seen.add(real);
    found.push({ path, absolute });
  };
  for (const path of paths) {
    const absolute = resolve(cwd, path);
    if (statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true) {
      const links: FoundFile[] = [];
      await walk(path, absolute, configs, take, links);
      // After all files: a link to one of them adds nothing.
      for (const link of links) take(link.path, link.absolute);
    } else take(path, absolute);
  }
  return found;
}

async function walk(
  path: string,
  absolute: string,
  configs: Configs,
  take: (path: string, absolute: string) => void,
  links: FoundFile[],
): Promise<void> {
  const config = await configs.of(absolute);
  const folders: FoundFile[] = [];
  for (const entry of entriesOf(absolute)) {
    const one = { path: normalize(join(path, entry.name)), absolute: join(absolute, entry.name) };
    const wanted = entry.isDirectory() ? !passedOver.has(entry.name) : kindByName(entry.name) !== undefined;
    if (!wanted || config?.excludes(one.absolute) === true) continue;
    if (entry.isDirectory()) folders.push(one);
    else if (entry.isFile()) take(one.path, one.absolute);
    else if (entry.isSymbolicLink() && isFile(one.absolute)) links.push(one);
  }
  for (const folder of folders) await walk(folder.path, folder.absolute, configs, take, links);
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // A folder that may not be opened hides nothing that this user could build.
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
