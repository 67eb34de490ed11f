import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";
import { runsOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

/** What hardly ever fails, or fails on purpose. */
const harmless = new Set(
  "echo printf yes true cat uname dpkg ls id which command awk sed tr cut sort head tail date nproc grep find env ps arch getconf lsb_release apt-key apt-cache dpkg-query rpm nvidia-smi sha256sum md5sum base64 seq hostname stat du df readlink dirname basename scanelf ldd envsubst xargs openssl file".split(
    " ",
  ),
);

export const pipefail = defineRule({
  kind: "dockerfile",
  name: "pipefail",
  group: "shell",
  severity: "info",
  aliases: ["DL4006"],
  meaning: "A command that may fail stands before a pipe, and nothing looks at its exit status.",
  why: 'The status of a pipe is that of its last command: when `curl ... | tar x` or `curl ... | sh` gets half a file, or none, the build may go on. `SHELL ["/bin/bash", "-o", "pipefail", "-c"]` makes the pipe fail. Left alone are pipes behind echo, cat, grep and the like.',
  examples: [
    {
      bad: "FROM debian:12\nRUN curl -fsSL https://lab.example/setup.sh | sh\n",
      good: 'FROM debian:12\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN curl -fsSL https://lab.example/setup.sh | sh\n',
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      if (setsPipefail(file, instruction)) continue;
      for (const script of readShell(file, instruction)) {
        const at = firstPipe(script);
        if (at !== undefined) {
          report({ at, message: `nobody notices when ${at.name} fails before the pipe` });
          break;
        }
      }
    }
  },
});

function setsPipefail(file: Dockerfile, instruction: Instruction): boolean {
  return (
    file.before(instruction).shell.some((word) => word === "pipefail") ||
    /\bpipefail\b/.test(file.text.slice(instruction.start, instruction.end))
  );
}

/** The command before the first pipe that matters. */
function firstPipe({ commands }: ShellScript): ShellCommand | undefined {
  for (const [at, command] of commands.entries()) {
    if (command.joint !== "|") continue;
    const before = commands
      .slice(0, at)
      .findLast((one) => one.pipeline === command.pipeline && one.depth === command.depth);
    if (before !== undefined && !harmless.has(before.name) && !asksOnly(before)) return before;
  }
  return undefined;
}

/** `pip list | grep x` asks; nothing is missing afterwards when it fails. */
function asksOnly({ name, args }: ShellCommand): boolean {
  return (
    /^(?:pip|conda|mamba|micromamba|npm|git|gpg|go|python)[\d.]*$/.test(name) &&
    args.some((word) =>
      /^(?:show|list|freeze|describe|version|--version|--show-keys|env|info|-c)$/.test(word.value),
    )
  );
}
