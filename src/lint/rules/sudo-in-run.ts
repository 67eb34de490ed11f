import { readShell } from "../../dockerfile/read-shell.ts";
import { runsOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const sudoInRun = defineRule({
  kind: "dockerfile",
  name: "sudo-in-run",
  group: "security",
  severity: "warning",
  aliases: ["DL3004", "DS-0010", "CKV2_DOCKER_1", "DKL-DI-0001"],
  meaning: "RUN calls sudo.",
  why: "Most images have no sudo, and where the build runs as root it changes nothing but the environment: sudo drops variables that ENV has set. Where a user is set, `USER root` before the line and `USER name` after it say the same and leave no way to root in the image.",
  examples: [
    {
      bad: "FROM debian:12\nRUN sudo mkdir /data\n",
      good: "FROM debian:12\nRUN mkdir /data\n",
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      for (const { commands } of readShell(file, instruction)) {
        const found = commands.find((one) => one.name === "sudo" || one.through.includes("sudo"));
        // One is enough: whoever removes the first looks for the others.
        if (found !== undefined)
          report({
            at: found,
            message: `${found.name === "sudo" ? "a command" : (found.nameWord?.value ?? found.name)} is called by sudo`,
          });
      }
    }
  },
});
