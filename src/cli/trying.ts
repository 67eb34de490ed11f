import type { CheckRequest } from "../slim/check/check-images.ts";
import type { OptionSpecs } from "./command.ts";
import { readNamedFile } from "./named-files.ts";
import { usageError } from "./usage.ts";

/** Options of commands that try images by a checklist. */
export const tryOptions = {
  config: {
    short: "c",
    value: "FILE",
    many: true,
    complete: "file",
    help: "a checklist to try beside what is found in the image, as ddiff check takes it",
  },
  runner: {
    value: "NAME",
    choices: ["auto", "docker", "podman", "rootless", "none"],
    help: "what runs the commands; none looks at files and settings alone",
  },
  timeout: { value: "SECONDS", help: "the longest that one command may take; 120 when not said" },
} as const satisfies OptionSpecs;

/** What was said with these options. Throws `USAGE`, and `CHECKLIST_INVALID` for a list that cannot be understood. */
export async function readTrying(
  options: { config: readonly string[]; runner?: string | undefined; timeout?: string | undefined },
  command: string,
): Promise<CheckRequest> {
  const [{ joinChecklists, readChecklist }, { runnerChoices }] = await Promise.all([
    import("../slim/check/read-checklist.ts"),
    import("../slim/check/runners/open-runner.ts"),
  ]);
  const lists = await Promise.all(
    options.config.map(async (file) => readChecklist(await readNamedFile(file, command), file)),
  );
  return {
    list: lists.length === 0 ? undefined : joinChecklists(lists),
    runner: runnerChoices.find((choice) => choice === options.runner) ?? "auto",
    seconds: readSeconds(options.timeout, command),
  };
}

/** Seconds as written, at most a day. Throws `USAGE` for anything else. */
function readSeconds(text: string | undefined, command: string): number {
  if (text === undefined) return 120;
  const seconds = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 86_400)
    throw usageError(`--timeout takes seconds from 1 to 86400, not ${text}`, command);
  return seconds;
}
