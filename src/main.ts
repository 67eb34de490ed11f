#!/usr/bin/env node
import { constants } from "node:os";
import { commands } from "./cli/commands.ts";
import { runCommandLine } from "./cli/run.ts";
import { systemErrorCode } from "./util/errors.ts";

/** Signals that ask a program to end, and mean 128 plus their number as its exit status. */
const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** How long a run may take to stop by itself, in milliseconds. */
let patience = 5000;
/** Whether a signal is how the run ends when all is well. */
let serves = false;
/** What SIGHUP asks of a server, as of other servers; where there is a terminal it says that this was closed, and ends all. */
let hangup: (() => void) | undefined;
/** A terminal signals every process of the group, and a launcher passes its own on: both within this time are one. */
const sameSignal = 300;

const abort = new AbortController();
const cleanups: (() => void)[] = [];
let endedBy: { status: number; at: number } | undefined;

function end(status: number): never {
  for (const cleanup of cleanups) cleanup();
  process.exit(status);
}

for (const signal of endings) {
  process.on(signal, () => {
    if (signal === "SIGHUP" && hangup !== undefined && !process.stderr.isTTY) {
      hangup();
      return;
    }
    const status = 128 + constants.signals[signal];
    if (endedBy === undefined) {
      endedBy = { status, at: Date.now() };
      abort.abort(new Error(`stopped by ${signal}`));
      // Whoever waits for the rest of a bundle waits no longer.
      process.stdin.destroy();
      setTimeout(() => end(status), patience).unref();
    } else if (Date.now() - endedBy.at > sameSignal) end(status);
  });
}

for (const stream of [process.stdout, process.stderr]) {
  // "ddiff list | head" closes our output early: the work is still done, and nobody is left to tell.
  stream.on("error", (error) => {
    if (systemErrorCode(error) !== "EPIPE") throw error;
  });
}

const status = await runCommandLine(process.argv.slice(2), commands, {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: abort.signal,
  onServe(time, onHangup) {
    patience = time;
    serves = true;
    hangup = onHangup;
  },
  onCleanup: (cleanup) => cleanups.push(cleanup),
});
// Not left to the event loop: an idle connection to a registry or engine would keep a finished program waiting.
process.stdout.write("", () => end(serves ? status : (endedBy?.status ?? status)));
