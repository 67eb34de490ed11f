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
