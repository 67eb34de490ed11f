import { MultiBar } from "cli-progress";
import { formatBytes } from "../../util/bytes.ts";
import { amount, type ClosableProgress } from "./progress-lines.ts";
import { printable } from "../../report/text.ts";

const barWidth = 24;
const labelWidth = 32;

/** Progress for a terminal: one bar per running task, which goes when its task ends; notes stay above the bars. */
export function barProgress(stream: NodeJS.WriteStream): ClosableProgress {
  const bars = new MultiBar({
    stream,
    format: (_options, params, payload: { label: string }) => barLine(payload.label, params),
    // Stray keys would scroll the bars away otherwise; stop() puts both settings back.
    hideCursor: true,
    linewrap: false,
    clearOnComplete: true,
    emptyOnZero: true,
    // Signals belong to main.ts, which closes the progress.
    gracefulExit: false,
    forceRedraw: true,
  });
  let drawn = false;
  return {
    task(label, total) {
      drawn = true;
      const startTime = Date.now();
      const line = { label: printable(label), done: 0, total, startTime };
      const bar = bars.create(total ?? 0, 0, line);
      return {
        advance(bytes) {
          line.done += bytes;
          bar.update(line.done);
        },
        end() {
          bars.remove(bar);
        },
      };
    },
    note(sentence) {
      const line = `${printable(sentence)}\n`;
      if (drawn) bars.log(line);
      else stream.write(line);
    },
    close() {
      if (!drawn) return;
      drawn = false;
      // Notes that wait for the next drawing come out before the bars go.
      bars.update();
      bars.stop();
    },
  };
}

/** `layer 3/7 sha256:1234  ████████▌               12 MB of 72 MB (17 %)  8.1 MB/s  0:07 left`. Times in milliseconds. */
export function barLine(
  label: string,
  { value, total, startTime }: { value: number; total: number; startTime: number },
  now = Date.now(),
): string {
  const seconds = Math.max(0.001, (now - startTime) / 1000);
  const rate = value / seconds;
  const name = label.length > labelWidth ? `${label.slice(0, labelWidth - 1)}…` : label.padEnd(labelWidth);
  const parts = [name];
  if (total > 0) parts.push(bar(Math.min(1, value / total)));
  parts.push(amount({ done: value, total: total > 0 ? total : undefined }));
  // The first second's rate is noise.
  if (seconds >= 1 && value > 0) {
    parts.push(`${formatBytes(rate)}/s`);
    if (total > value) parts.push(`${clock((total - value) / rate)} left`);
  }
  return parts.join("  ").trimEnd();
}

function bar(share: number): string {
  const full = Math.floor(share * barWidth);
  return "█".repeat(full) + "░".repeat(barWidth - full);
}

/** Minutes and seconds, with hours where there are some: `0:07`, `1:02:03`. */
function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const tail = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}
