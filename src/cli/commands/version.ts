import { defineCommand } from "../command.ts";
import { version as number, versionText } from "../version.ts";

export const version = defineCommand({
  name: "version",
  summary: "print the version",
  usage: ["version"],
  description: ["Prints ddiff's version, and what it runs on."],
  arguments: [],
  options: {},
  examples: [{ text: "For a script", command: "ddiff version --json" }],
  async run() {
    const runtime =
      process.versions.bun === undefined ? `Node ${process.versions.node}` : `Bun ${process.versions.bun}`;
    return {
      json: { version: number, runtime, platform: process.platform, architecture: process.arch },
      answer: `${versionText()} (${runtime}, ${process.platform} ${process.arch})`,
    };
  },
});
