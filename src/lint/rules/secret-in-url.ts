import { readShell } from "../../dockerfile/read-shell.ts";
import { runsOf } from "../knowledge/commands.ts";
import { mountsOf } from "../knowledge/mounts.ts";
import { defineRule } from "../rule.ts";

export const secretInUrl = defineRule({
  kind: "dockerfile",
  name: "secret-in-url",
  group: "security",
  severity: "error",
  aliases: [],
  meaning: "A RUN has a password or token in a URL.",
  why: "An ARG's value is in the history of the image, and `git clone https://$TOKEN@...` writes it to `.git/config` as well. With `RUN --mount=type=secret,id=token git -c credential.helper='...'` or `--mount=type=ssh` nothing of it stays.",
  examples: [
    {
      bad: "FROM debian:12\nARG TOKEN\nRUN git clone https://oauth2:${TOKEN}@git.lab.example/group/repo.git\n",
      good: "FROM debian:12\nRUN --mount=type=ssh git clone git@git.lab.example:group/repo.git\n",
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      if (!/:\/\/[^\s/@]+@/.test(instruction.body.text)) continue;
      // From a secret mount it may be wiped again.
      if (mountsOf(file, instruction).some((mount) => mount.type === "secret")) continue;
      for (const script of readShell(file, instruction)) {
        for (const { args } of script.commands) {
          for (const word of args) {
            const secret = /:\/\/(?:[^\s/@:]*:)?([^\s/@:]+)@[\w$]/.exec(word.raw)?.[1];
            if (secret === undefined || !isSecret(word.raw, secret)) continue;
            report({ at: word, message: "the token in this URL stays in the history of the image" });
          }
        }
      }
    }
  },
});

function isSecret(url: string, secret: string): boolean {
  const variable = /^["']?\$\{?(\w+)/.exec(secret)?.[1];
  if (variable !== undefined) return /token|pass|secret|pat|key|cred|auth/i.test(variable);
  // `user@host` is a name; only with a colon before it is it a password.
  return (
    /:\/\/[^\s/@:]+:[^\s/@:]+@/.test(url) &&
    secret.length >= 6 &&
    !/[<>{}]|^(?:password|pass|token|secret|x-oauth-basic)$/i.test(secret)
  );
}
