import { findSecrets } from "../knowledge/secrets.ts";
import { defineRule } from "../rule.ts";

export const secretLiteral = defineRule({
  kind: "dockerfile",
  name: "secret-literal",
  group: "security",
  severity: "error",
  aliases: [],
  meaning: "A token or private key is written in the file.",
  why: "It is in the repository, in the history of the image and in every cache of the build. It cannot be called back: make a new one first, then give it to the one RUN that needs it with `--mount=type=secret`. Only forms that services give out are looked for (`hf_`, `ghp_`, `AKIA`, `glpat-`, `xoxb-`, private keys), and the message does not repeat them.",
  examples: [
    {
      bad: "FROM debian:12\nRUN mkdir /root/.ssh && echo '-----BEGIN OPENSSH PRIVATE KEY-----' > /root/.ssh/id_ed25519\n",
      good: "FROM python:3.12-slim\nRUN --mount=type=secret,id=HF_TOKEN,env=HF_TOKEN hf download org/model\n",
    },
  ],
  check(file, report) {
    // Comments count too: they are in the repository.
    for (const { what, start, end } of findSecrets(file.text)) {
      report({ at: { start, end }, message: `${what} stands in the file for whoever can read it` });
    }
  },
});
