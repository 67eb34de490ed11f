import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { DdiffError, messageOf } from "../../util/errors.ts";
import type { Checklist } from "./checklist.ts";
import { expandVariables } from "./expand.ts";

/** The variables of a checklist's tests. */
export interface Environment {
  /** The image's own, and the checklist's global ones: what `$NAME` in a path or a command means. */
  image: ReadonlyMap<string, string>;
  /** What is given to every command: the global ones, those of `containerRunOptions`. */
  given: ReadonlyMap<string, string>;
}

/**
 * Works out variables as container-structure-test does: global ones may name the image's, `envFile` is a file of `NAME=value` lines, `envVars`
 * of the run options are taken from `own` where they are set there. Throws `ENV_FILE` where the file cannot be read.
 */
export async function readEnvironment(
  { globalEnvVars, containerRunOptions }: Checklist,
  image: ReadonlyMap<string, string>,
  own: Readonly<Record<string, string | undefined>>,
): Promise<Environment> {
  const global = globalEnvVars.map(({ key, value }): [string, string] => [
    key,
    expandVariables(value, (name) => image.get(name)),
  ]);
  const { envFile, envVars } = containerRunOptions;
  const fromFile = envFile === "" ? [] : Object.entries(await readEnvFile(envFile));
  const fromOwn = envVars.map((name): [string, string] => [name, own[name] ?? ""]);
  const options = [...fromFile, ...fromOwn].filter((pair): pair is [string, string] => Boolean(pair[1]));
  return { image: new Map([...image, ...global]), given: new Map([...global, ...options]) };
}

async function readEnvFile(file: string): Promise<NodeJS.Dict<string>> {
  try {
    return parseEnv(await readFile(file, "utf8"));
  } catch (cause) {
    throw new DdiffError(
      "ENV_FILE",
      `the envFile ${file} of the checklist cannot be read: ${messageOf(cause)}`,
      {
        hint: "Its path counts from the folder in which ddiff is started.",
        cause,
      },
    );
  }
}
