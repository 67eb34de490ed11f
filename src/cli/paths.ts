import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";

type Env = Record<string, string | undefined>;

/** The folder under which each run makes its own: `--tempdir`, then DDIFF_TMPDIR, TMPDIR, /var/tmp (which is rarely in memory, as /tmp is). */
export function temporaryRoot(option: string | undefined, env: Env): string {
  for (const chosen of [option, env["DDIFF_TMPDIR"], env["TMPDIR"]]) if (chosen) return chosen;
  try {
    accessSync("/var/tmp", constants.W_OK);
    return "/var/tmp";
  } catch {
    return tmpdir();
  }
}

/** Whether a variable that switches something on does so. The original took any text, even `0`, for yes. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false", "no", "off"].includes(value.trim().toLowerCase());
}
