import { defineRule } from "../rule.ts";

export const constantPlatform = defineRule({
  kind: "dockerfile",
  name: "constant-platform",
  group: "base",
  severity: "info",
  aliases: ["FromPlatformFlagConstDisallowed", "DL3029"],
  meaning: "FROM names a fixed platform.",
  why: "Whatever `--platform` a build is given, this stage stays on one architecture: on another machine it runs emulated, five to ten times slower, or the image holds programs of two architectures. A stage that is for one architecture on purpose can have it in its name (`AS build-amd64`); cross builds use `$BUILDPLATFORM`.",
  examples: [
    {
      bad: "FROM --platform=linux/amd64 python:3.12-slim\nRUN true\n",
      good: "FROM python:3.12-slim\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { from, name } of file.stages) {
      const flag = from.flags.find((one) => one.name === "platform");
      if (flag?.value === undefined || flag.value === "" || flag.value.includes("$")) continue;
      const parts = flag.value.toLowerCase().split("/");
      // The stage's name says that it is meant.
      if (parts.slice(0, 2).some((part) => name?.includes(part) === true)) continue;
      report({ at: flag, message: `the stage is built for ${flag.value}, whatever platform is asked for` });
    }
  },
});
