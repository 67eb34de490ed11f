import { createInterface } from "node:readline/promises";
import { DdiffError } from "../util/errors.ts";

/** Asks a person at the terminal. */
export interface Asker {
  /** The answer without blanks around it; Enter alone is `fallback`. Throws `INTERRUPTED` where the input ends. */
  ask(question: string, fallback: string): Promise<string>;
  say(text: string): void;
  close(): void;
}

/** Questions go to standard error: standard output is for results. Undefined where nobody sits there. */
export function openAsker(
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
  signal: AbortSignal,
): Asker | undefined {
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  const lines = createInterface({ input: stdin, output: stderr });
  const ended = new Promise<never>((_, fail) => {
    const stop = () =>
      fail(new DdiffError("INTERRUPTED", "nothing was written: the questions were not answered"));
    lines.once("close", stop);
    signal.addEventListener("abort", stop, { once: true });
  });
  // Closing after the last answer is no failure.
  ended.catch(() => undefined);
  return {
    async ask(question, fallback) {
      const shown = fallback === "" ? "" : ` [${fallback}]`;
      const answer = await Promise.race([lines.question(`${question}${shown} `, { signal }), ended]);
      return answer.trim() === "" ? fallback : answer.trim();
    },
    say: (text) => void stderr.write(`${text}\n`),
    close: () => lines.close(),
  };
}
