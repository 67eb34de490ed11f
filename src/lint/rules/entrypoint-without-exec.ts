import { posix } from "node:path";
import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { imageStages, instructionsOf } from "../knowledge/bases.ts";
import { allSources } from "../knowledge/copies.ts";
import { defineRule, type LintContext } from "../rule.ts";

export const entrypointWithoutExec = defineRule({
  kind: "dockerfile",
  name: "entrypoint-without-exec",
  group: "runtime",
  severity: "info",
  aliases: [],
  meaning: "The script that starts the container runs its program without `exec`.",
  why: "The shell is process 1 then and passes no signals on: `docker stop` and Kubernetes wait ten or thirty seconds and kill the program, which writes no last checkpoint and answers no open requests. With `exec python ...` as the last line the program takes the shell's place. It reads the script from the build context, and is silent where it has traps or background jobs.",
  examples: [
    {
      bad: 'FROM python:3.12-slim\nCOPY start.sh /start.sh\nENTRYPOINT ["/start.sh"]\n',
      good: 'FROM python:3.12-slim\nCOPY run.sh /run.sh\nENTRYPOINT ["/run.sh"]\n',
      files: {
        "start.sh": "#!/bin/sh\nset -e\npython -m app migrate\nuvicorn app:app --host 0.0.0.0\n",
        "run.sh": "#!/bin/sh\nset -e\npython -m app migrate\nexec uvicorn app:app --host 0.0.0.0\n",
      },
    },
  ],
  check(file, report, context) {
    for (const stage of imageStages(file)) {
      const instructions = instructionsOf(stage);
      const start =
        instructions.findLast((one) => one.keyword === "ENTRYPOINT") ??
        instructions.findLast((one) => one.keyword === "CMD");
      if (start === undefined || !stage.instructions.includes(start)) continue;
      const command = readShell(file, start)[0]?.commands[0];
      const words = command === undefined ? [] : [command.nameWord, ...command.args];
      const word = words.find((one) => one !== undefined && /\.sh$|entrypoint|start/.test(one.value));
      const plain = words[0] === word || /^(?:sh|bash)$/.test(command?.name ?? "");
      if (word === undefined || !plain) continue;
      const text = scriptText(file, instructions, word.value, context);
      const program = text === undefined ? undefined : lastServer(text);
      if (program !== undefined)
        report({
          at: word,
          message: `${posix.basename(word.value)} runs ${program} without exec, so that signals do not reach it`,
        });
    }
  },
});

/** The text of a script of the image, where a COPY brought it from the build context. */
function scriptText(
  file: Dockerfile,
  instructions: readonly Instruction[],
  path: string,
  context: LintContext,
): string | undefined {
  const name = posix.basename(path);
  for (const one of [...instructions].reverse()) {
    if (!/^(?:COPY|ADD)$/.test(one.keyword) || one.flags.some((flag) => flag.name === "from")) continue;
    for (const source of allSources(file, one)) {
      const clean = source.path.replace(/^\.?\//, "");
      if (posix.basename(clean) === name) return context.read(clean);
    }
  }
  return undefined;
}

const servers =
  /^(?:python[\d.]*|uvicorn|gunicorn|hypercorn|daphne|fastapi|flask|streamlit|ray|vllm|tritonserver|torchserve|tensorboard|jupyter|jupyter-lab|mlflow|celery|torchrun|accelerate|node)$/;

/** The server that the script's last line runs in the foreground, where nothing else looks after it. */
function lastServer(text: string): string | undefined {
  if (text.length > 100_000 || /^\s*trap\s|\bwait\b|&\s*$|\btini\b|\bdumb-init\b|supervisord/m.test(text))
    return undefined;
  const lines = text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .filter((line) => !/^\s*(?:#.*)?$/.test(line));
  const last = lines.at(-1) ?? "";
  // What is indented stands in a branch, and what is joined is not the end of all.
  const match = /^(?:[A-Z_]+=\S*\s+)*([\w./-]+)\s+[^|;&<]*$/.exec(last);
  const program = posix.basename(match?.[1] ?? "");
  // After one that prepares comes the server; of several in a row the last is none, and exec would help it alone.
  const before = lines
    .slice(0, -1)
    .filter((line) => servers.test(posix.basename(/^[\w./-]+/.exec(line)?.[0] ?? "")));
  return servers.test(program) && before.length < 2 ? program : undefined;
}
