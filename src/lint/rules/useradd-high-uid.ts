import { hasSwitch, usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

/** What lastlog keeps for each user number. */
const entry = 292;

export const useraddHighUid = defineRule({
  kind: "dockerfile",
  name: "useradd-high-uid",
  group: "layers",
  severity: "warning",
  aliases: ["DL3046"],
  meaning:
    "useradd with a high user number writes into lastlog, which becomes as long as the number is high.",
  why: "/var/log/lastlog has 292 bytes for each number below the new one. On a disk the file has holes; in a layer the holes are zeros, and unpacking it takes them all. `-l` leaves the file alone.",
  examples: [
    {
      bad: "FROM debian:12\nRUN useradd -u 1000000 app\n",
      good: "FROM debian:12\nRUN useradd -l -u 1000000 app\n",
      fixed: "FROM debian:12\nRUN useradd -l -u 1000000 app\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, "useradd")) {
      const { args, nameWord } = command;
      if (nameWord === undefined || hasSwitch(args, ["--no-log-init"], "l", "bcdegGKpsuk")) continue;
      const at = args.findIndex((word) => /^(?:-[a-zA-Z]*u|--uid)$/.test(word.value));
      const inline = args.find((word) => /^(?:-u|--uid=)\d/.test(word.value));
      const uid = at >= 0 ? args[at + 1]?.value : inline?.value.replace(/^\D+/, "");
      if (uid === undefined || !/^\d{6,10}$/.test(uid)) continue;
      report({
        at: command,
        message: `user number ${uid} makes lastlog ${Math.round((Number(uid) * entry) / 1e6)} MB long`,
        waste: Number(uid) * entry,
        fix: {
          title: "add -l",
          risk: "safe",
          edits: [{ start: nameWord.end, end: nameWord.end, text: " -l" }],
        },
      });
    }
  },
});
