import { silent } from "../../util/progress.ts";
import type { ClosableProgress } from "./progress-lines.ts";

/**
 * The progress that fits: bars on a terminal, lines in a log, nothing when asked for silence (`--quiet`, `--json`).
 * Both drawings are loaded only when used.
 */
export async function openProgress(stream: NodeJS.WriteStream, mute: boolean): Promise<ClosableProgress> {
  if (mute) return { ...silent, close() {} };
  if (stream.isTTY) return (await import("./progress-bars.ts")).barProgress(stream);
  return (await import("./progress-lines.ts")).lineProgress(stream);
}
