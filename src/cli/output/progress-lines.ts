import type { Progress } from "../../util/progress.ts";
import { formatBytes } from "../../util/bytes.ts";
import { printable } from "../../report/text.ts";
import type { Screen } from "./text.ts";

/** Progress and the end of its drawing. `close` may be called twice. */
export interface ClosableProgress extends Progress {
  close(): void;
}

interface Line {
  label: string;
  done: number;
  total: number | undefined;
  /** What was done when the line was last printed; undefined before the first time. */
  printed: number | undefined;
  /** Rounds until the next line, and how many there were before the last one. */
  due: number;
  gap: number;
}

/** A line at least every this many rounds. */
const longestGap = 12;

/**
 * Progress for a log: a line for each task that moved, after `everyMs` milliseconds and then ever more rarely, and one when
 * a task that was mentioned ends. Work shorter than that says nothing, so that a log holds what took time.
 */
export function lineProgress(screen: Screen, everyMs = 5000): ClosableProgress {
  const lines = new Set<Line>();
  const timer = setInterval(() => {
    for (const line of lines) {
      line.due -= 1;
      if (line.due > 0 || line.printed === line.done) continue;
      line.gap = Math.min(longestGap, line.gap * 2);
      line.due = line.gap;
      line.printed = line.done;
      screen.write(`${[line.label, amount(line)].filter(Boolean).join(": ")}\n`);
    }
  }, everyMs);
  // A forgotten task must not keep a finished program running.
  timer.unref();
  return {
    task(label, total) {
      const line: Line = { label: printable(label), done: 0, total, printed: undefined, due: 1, gap: 0.5 };
      lines.add(line);
      return {
        advance(bytes) {
          line.done += bytes;
        },
        end() {
          if (lines.delete(line) && line.printed !== undefined) {
            screen.write(`${line.label}: ended${line.done > 0 ? ` after ${formatBytes(line.done)}` : ""}\n`);
          }
        },
      };
    },
    note(sentence) {
      screen.write(`${printable(sentence)}\n`);
    },
    close() {
      clearInterval(timer);
      lines.clear();
    },
  };
}

/** `12 MB of 72 MB (17 %)`, or `12 MB` where the total is not known; nothing for work that has no bytes, such as an installation. */
export function amount({ done, total }: { done: number; total: number | undefined }): string {
  if (total === undefined || total <= 0) return done > 0 ? formatBytes(done) : "";
  return `${formatBytes(done)} of ${formatBytes(total)} (${Math.min(100, Math.floor((done / total) * 100))} %)`;
}
