import { defineRule } from "../rule.ts";

export const namedUser = defineRule({
  kind: "dockerfile",
  name: "named-user",
  group: "security",
  severity: "off",
  aliases: ["DL3066"],
  meaning: "USER is a name, not a number.",
  why: "Kubernetes with `runAsNonRoot: true` refuses to start an image whose user is a name, because it cannot tell that the name is not root. Off by default, as it matters nowhere else.",
  examples: [
    {
      bad: "FROM debian:12\nUSER app\n",
      good: "FROM debian:12\nUSER 1000:1000\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      const user = instruction.body.text.replace(/["']/g, "").split(":")[0] ?? "";
      if (instruction.keyword !== "USER" || user.includes("$") || /^\d+$/.test(user)) continue;
      report({ at: instruction, message: `Kubernetes cannot tell whether the user ${user} is root` });
    }
  },
});
