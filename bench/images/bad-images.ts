import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, debianBase, dropStore, exportLayout } from "./builder.ts";
import { workFolder, workPath } from "./places.ts";

/** Images that are bad on purpose, for the commands that shrink. Their Dockerfiles lie in `bad/`. */
export const badImages = ["torch", "r", "conda"] as const;

/** The Dockerfile of one of them. */
export function badDockerfile(name: (typeof badImages)[number]): string {
  return join(import.meta.dirname, "bad", `${name}.Dockerfile`);
}

/** The layout of a bad image (its name inside is the image's), built when it is not there yet. */
export async function badImage(name: (typeof badImages)[number]): Promise<string> {
  const folder = join(workFolder, "bad", name);
  if (!existsSync(folder)) {
    process.stderr.write(`building the bad image ${name}\n`);
    await debianBase("bad-debian", "bookworm", ["updates", "security"]);
    const context = workPath("contexts", "bad");
    cpSync(join(import.meta.dirname, "bad"), context, { recursive: true });
    await build({ tag: `bad-${name}`, context, dockerfile: readFileSync(badDockerfile(name), "utf8") });
    const partial = workPath("bad", `${name}.partial`);
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    await exportLayout(`bad-${name}`, partial, name);
    renameSync(partial, folder);
  }
  return folder;
}

/** Builds all of them, then gives the build store back. */
export async function buildBadImages(names: readonly string[]): Promise<void> {
  for (const name of badImages) if (names.length === 0 || names.includes(name)) await badImage(name);
  await dropStore();
}
