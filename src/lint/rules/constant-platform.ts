import { defineRule } from "../rule.ts";

export const constantPlatform = defineRule({
  kind: "dockerfile",
  name: "constant-platform",
  group: "base",
  severity: "info",
  aliases: ["FromPlatformFlagConstDisallowed", "DL3029"],
  meaning: "FROM names a fixed platform.",
  why: "Whatever `--platform` a build is given, this stage stays on one architecture: on another machine it runs emulated, five to ten times slower, or the image holds programs of two architectures. A stage or file that is for one architecture on purpose can have it in its name (`AS build-amd64`, `Dockerfile.arm64`); cross builds use `$BUILDPLATFORM`.",
  examples: [
    {
      bad: "FROM --platform=linux/amd64 python:3.12-slim\nRUN true\n",
      good: "FROM python:3.12-slim\nRUN true\n",
    },
  ],
  check(file, report, { path }) {
    const fileName = path.slice(path.search(/[^/\\]*$/)).toLowerCase();
    for (const { from, name } of file.stages) {
      const flag = from.flags.find((one) => one.name === "platform");
      if (flag?.value === undefined || flag.value === "" || flag.value.includes("$")) continue;
      const parts = flag.value.toLowerCase().split("/");
      // The name of the stage or of the file says that it is meant.
      if (parts.slice(0, 2).some((part) => name?.includes(part) === true || isNamed(fileName, part)))
        continue;
      report({ at: flag, message: `the stage is built for ${flag.value}, whatever platform is asked for` });
    }
  },
});

const otherNames: Readonly<Record<string, RegExp>> = {
  amd64: /(?:^|[^a-z0-9])(?:amd64|x86|x86[_-]64|x64)(?:$|[^a-z0-9])/,
  arm64: /(?:^|[^a-z0-9])(?:arm64|aarch64|arm|jetson|l4t)(?:$|[^a-z0-9])/,
};

/** `Dockerfile.arm64`, `x86.cpu.dockerfile`. */
function isNamed(fileName: string, architecture: string): boolean {
  return Object.hasOwn(otherNames, architecture) && otherNames[architecture]?.test(fileName) === true;
}
