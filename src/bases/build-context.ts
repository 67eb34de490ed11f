import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { baseDockerfile, type DockerfileOptions } from "./dockerfile.ts";
import type { BasePlan } from "./plan.ts";
import { programFiles } from "./program-files.ts";

/** Writes what a builder needs into a folder: the Dockerfile, and the base's program in `bin`. Answers the Dockerfile's path. */
export async function writeBuildContext(
  folder: string,
  plan: BasePlan,
  options: DockerfileOptions,
): Promise<string> {
  await writeProgram(join(folder, "bin"));
  const file = join(folder, "Dockerfile");
  await writeFile(file, baseDockerfile(plan, options));
  return file;
}

/** Writes the base's program into its folder `bin`. */
export async function writeProgram(bin: string): Promise<void> {
  for (const { path, text } of await programFiles()) {
    const file = join(bin, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    // Whatever this process keeps from others: users of the base read it.
    await chmod(file, path.includes("/") ? 0o644 : 0o755);
  }
}
