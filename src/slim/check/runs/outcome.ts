import type { EnvVar } from "../checklist.ts";
import type { Ran } from "../runners/runner.ts";

/** Characters of each stream that a report keeps. */
const mostKept = 4000;

/** The end of what a command wrote, for reports. */
export function endOfOutput({ stdout, stderr }: Ran): { stdout: string; stderr: string } {
  return { stdout: stdout.slice(-mostKept), stderr: stderr.slice(-mostKept) };
}

/** The last line that says something: what programs end with when they fail. */
export function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1)?.trim() ?? "";
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** Variables for one test: those of all tests, and its own. */
export function envOf(
  common: ReadonlyMap<string, string>,
  own: readonly EnvVar[],
): ReadonlyMap<string, string> {
  return new Map([...common, ...own.map(({ key, value }): [string, string] => [key, value])]);
}
