import { runsOf } from "../knowledge/commands.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule } from "../rule.ts";

export const sudoWithoutPassword = defineRule({
  kind: "dockerfile",
  name: "sudo-without-password",
  group: "security",
  severity: "info",
  aliases: [],
  meaning: "A user of the image gets root by sudo without a password.",
  why: "USER then protects nothing: whoever breaks into the program is root with one more word. In images for development (devcontainers) it is wanted: ignore it there. A service needs no sudo; do what needs root before USER.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install -y sudo && echo 'app ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers\nUSER app\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y git\nUSER app\n",
    },
  ],
  check(file, report, { path }) {
    if (/devcontainer|(?:^|[^a-z])dev(?:$|[^a-z])/i.test(path)) return;
    const shipped = shippedStages(file);
    for (const instruction of runsOf(file)) {
      const stage = file.stages[instruction.stage];
      if (stage === undefined || !shipped.has(stage) || /dev/.test(stage.name ?? "")) continue;
      const text = file.text.slice(instruction.start, instruction.end);
      const match = /NOPASSWD\s*:\s*ALL/.exec(text);
      if (match === null || !/sudoers/.test(text)) continue;
      const start = instruction.start + match.index;
      const who = /(?:^|["'\s])(%?[\w${}-]+)\s+ALL\s*=\s*\([^)]*\)\s*$/.exec(text.slice(0, match.index))?.[1];
      report({
        at: { start, end: start + match[0].length },
        message: `sudo asks for no password, so that ${rootBySudo(who)}`,
      });
    }
  },
});

/** Whom a line of sudoers makes root. */
function rootBySudo(who: string | undefined): string {
  if (who === "ALL") return "every user of the image is root";
  if (who === undefined) return "whoever it names is root";
  return who.startsWith("%")
    ? `every user of the group ${who.slice(1)} is root`
    : `${who} is as good as root`;
}
