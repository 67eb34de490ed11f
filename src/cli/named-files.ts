import { readFile } from "node:fs/promises";
import type { NamedDockerfile } from "../inspect/steps.ts";
import { usageError } from "./usage.ts";

/** `--dockerfile` of commands that tell lines. */
export const dockerfileOption = {
  dockerfile: {
    value: "FILE",
    complete: "file",
    help: "the Dockerfile that it was built with, for the lines",
  },
} as const;

/** A text file that an option names. Throws `USAGE` where it cannot be read. */
export async function readNamedFile(file: string, command: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw usageError(`${file} cannot be read`, command);
  }
}

/** The Dockerfile of `--dockerfile`, as a part of a request. Throws `USAGE` where it cannot be read. */
export async function readDockerfile(
  file: string | undefined,
  command: string,
): Promise<{ dockerfile?: NamedDockerfile }> {
  return file === undefined ? {} : { dockerfile: { file, text: await readNamedFile(file, command) } };
}
