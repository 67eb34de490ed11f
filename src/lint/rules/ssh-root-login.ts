import type { Stage } from "../../dockerfile/document.ts";
import { baseOf } from "../knowledge/bases.ts";
import { runsOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const sshRootLogin = defineRule({
  kind: "dockerfile",
  name: "ssh-root-login",
  group: "security",
  severity: "warning",
  aliases: [],
  meaning: "The SSH server of the image lets root in.",
  why: "With a password in the image (`chpasswd`) everyone who can pull it can log in wherever it runs, and its host keys are the same in every container. `docker exec` and `kubectl exec` need no SSH server; where one is needed, let in a user by key with `PermitRootLogin prohibit-password` and make the host keys at start.",
  examples: [
    {
      bad: "FROM ubuntu:24.04\nRUN sed -i 's/#PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config\n",
      good: "FROM ubuntu:24.04\nRUN sed -i 's/#PermitRootLogin.*/PermitRootLogin prohibit-password/' /etc/ssh/sshd_config\n",
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      const text = file.text.slice(instruction.start, instruction.end);
      // The last one counts: in `s/PermitRootLogin yes/PermitRootLogin no/` it is what is put in.
      for (const match of text.matchAll(/PermitRootLogin\s+yes\b(?!\s*(?:\$?\/|#|\|).*?PermitRootLogin)/g)) {
        if (isLeftComment(file.stages[instruction.stage], text.slice(0, match.index))) continue;
        const start = instruction.start + match.index;
        report({
          at: { start, end: start + match[0].length },
          message: "root may log in by SSH with a password",
        });
        break;
      }
    }
  },
});

/**
 * Whether sed changes the words of a line that stays a comment: Debian from 9 on and Ubuntu from 18.04 on have the default as
 * `#PermitRootLogin prohibit-password`.
 */
function isLeftComment(stage: Stage | undefined, before: string): boolean {
  const os = stage === undefined ? undefined : baseOf(stage)?.os;
  if (os === undefined || !/s([/|,@!])PermitRootLogin\s+(?:prohibit|without)-password\1$/.test(before))
    return false;
  return (
    Number(os.version) >=
    (os.family === "ubuntu" ? 18 : os.family === "debian" ? 9 : Number.POSITIVE_INFINITY)
  );
}
