import { posix } from "node:path";
import { shippedStages } from "../knowledge/shipped.ts";
import { copySources } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

export const secretFileCopied = defineRule({
  kind: "dockerfile",
  name: "secret-file-copied",
  group: "security",
  severity: "error",
  aliases: [],
  meaning: "COPY puts a file of keys or passwords into the image.",
  why: "Whoever can pull the image can read it, also when a later RUN deletes it: the layer stays. Give it to the container when it starts (`--env-file`, a mounted secret), and to a RUN by `--mount=type=secret`, which leaves nothing behind. Files that are named as examples (`.env.example`) and those that .dockerignore keeps out are left alone.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nCOPY .env /app/.env\n",
      good: "FROM python:3.12-slim\nCOPY .env.example /app/.env\n",
    },
    {
      bad: "FROM python:3.12-slim\nCOPY id_rsa /root/.ssh/id_rsa\n",
      good: "FROM python:3.12-slim\nRUN --mount=type=ssh git clone git@github.com:org/repo.git\n",
    },
  ],
  check(file, report, { ignore }) {
    const shipped = shippedStages(file);
    for (const instruction of file.instructions) {
      // What only lends files to others is thrown away.
      const stage = file.stages[instruction.stage];
      if (stage !== undefined && !shipped.has(stage)) continue;
      for (const { path, at } of copySources(file, instruction)) {
        const clean = path.replace(/^\.?\//, "");
        if (!isSecret(clean) || ignore?.ignores(clean) === true) continue;
        report({ at, message: `${path} is readable in the image for whoever can pull it` });
      }
    }
  },
});

const names =
  /^(?:\.env(?:\.(?:local|prod|production|secret|secrets))?|id_(?:rsa|dsa|ecdsa|ed25519)|\.netrc|_netrc|\.git-credentials|\.pgpass|\.pypirc|kaggle\.json|credentials\.json|client_secrets?\.json|service[-_]?account(?:[-_]key)?\.json|.*\.ppk|.*-key\.pem|privkey\.pem|.*\.p12|.*\.pfx)$/;
const paths =
  /(?:^|\/)(?:\.aws\/credentials|\.ssh\/id_\w+|\.kube\/config|\.docker\/config\.json|\.huggingface\/token|huggingface\/token)$|(?:^|\/)\.(?:aws|ssh|kube)\/?$/;

function isSecret(path: string): boolean {
  if (/\.pub$|example|sample|template|dummy|(?:^|\/)tests?\//i.test(path)) return false;
  return names.test(posix.basename(path)) || paths.test(path);
}
