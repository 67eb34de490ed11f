#!/usr/bin/env node
// Starts ddiff on a Node that is new enough. This file itself must run on old ones: plain JavaScript, no node: imports,
// nothing younger than Node 12.17. npm brings Node 24 as an optional dependency of this package; a standalone build needs neither.
// That is why package.json asks for Node 20 only: it is what npm and this file run on, in a clone and in a global install.
import { spawn } from "child_process";
import { existsSync } from "fs";
import { createRequire } from "module";
import { constants } from "os";
import { dirname, join } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const wanted = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = [join(root, "dist", "ddiff.js"), join(root, "src", "main.ts")].find((file) =>
  existsSync(file),
);

/** The Node that npm installed with this package, beside it or above it. */
function npmNode() {
  const system = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${system}-${process.arch}`;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const file = join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

function fail(sentence, hint) {
  process.stderr.write(`ddiff: ${sentence}\n  hint: ${hint}\n`);
  process.exit(3);
}

/** Runs ddiff under another Node as if it were this process: same words, same streams, signals passed on, same end. */
function runUnder(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    fail(
      `${node} cannot be run: ${error.message}`,
      `Install Node ${wanted} or newer, or use the standalone ddiff.`,
    );
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code === null ? 3 : code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
    // Where the signal is ignored the status still tells.
    setTimeout(() => process.exit(128 + (constants.signals[signal] || 0)), 1000);
  });
}

if (program === undefined) {
  fail("this copy of ddiff is incomplete: it has neither dist nor src", "Install it again.");
} else if (Number(process.versions.node.split(".")[0]) >= wanted) {
  // Not awaited at the top: that is younger than the Nodes which have to read this file.
  import(pathToFileURL(program).href).catch((error) => {
    process.stderr.write(`${error && error.stack ? error.stack : error}\n`);
    process.exit(3);
  });
} else {
  const node = npmNode();
  if (node === undefined) {
    const hint = `Install Node ${wanted} or newer, or run "npm install" here without --omit=optional, which brings it.`;
    fail(`ddiff needs Node ${wanted}, and this is Node ${process.versions.node}`, hint);
  } else runUnder(node);
}
