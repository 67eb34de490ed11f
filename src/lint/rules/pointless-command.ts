import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const pointlessCommand = defineRule({
  kind: "dockerfile",
  name: "pointless-command",
  group: "shell",
  severity: "off",
  aliases: ["DL3001"],
  meaning: "RUN calls a program that means nothing in a build, such as top, service or mount.",
  why: "Processes, mounts and services end with the RUN that started them: nothing of them is in the image. Off by default, because starting a database for the rest of the same RUN is a good reason.",
  examples: [
    {
      bad: "FROM debian:12\nRUN service ssh start\n",
      good: "FROM debian:12\nRUN mkdir /run/sshd\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(
      file,
      "free",
      "kill",
      "mount",
      "ps",
      "service",
      "shutdown",
      "ssh",
      "top",
      "vim",
      "ifconfig",
    )) {
      report({ at: command, message: `${command.name} leaves nothing in the image` });
    }
  },
});
