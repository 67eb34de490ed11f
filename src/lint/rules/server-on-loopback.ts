import { posix } from "node:path";
import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { Range } from "../../dockerfile/text.ts";
import { baseOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { defineRule } from "../rule.ts";

/** A server and how it is told where to listen. */
interface Server {
  /** Subcommands, one of which must follow. */
  readonly verbs?: RegExp;
  readonly options: readonly string[];
  /** A variable that says it, too. */
  readonly variable?: RegExp;
  /** Whether it listens on the loopback address when nothing is said. */
  readonly loopback: boolean;
  /** Whether files of a base that nobody knows may say it as well. */
  readonly configured?: boolean;
}

const servers: Readonly<Record<string, Server>> = {
  uvicorn: { options: ["--host", "--uds", "--fd"], variable: /^UVICORN_HOST$/, loopback: true },
  hypercorn: { options: ["-b", "--bind", "-c", "--config"], loopback: true },
  gunicorn: { options: ["-b", "--bind"], loopback: false },
  flask: { verbs: /^run$/, options: ["-h", "--host"], variable: /^FLASK_RUN_HOST$/, loopback: true },
  fastapi: { verbs: /^dev$/, options: ["--host"], variable: /^UVICORN_HOST$/, loopback: true },
  tensorboard: { options: ["--host", "--bind_all"], loopback: true },
  mlflow: { verbs: /^(?:server|ui)$/, options: ["-h", "--host"], variable: /^MLFLOW_HOST$/, loopback: true },
  streamlit: { verbs: /^run$/, options: ["--server.address"], loopback: false },
  jupyter: {
    verbs: /^(?:lab|notebook|server)$/,
    options: ["--ip", "--config", "--ServerApp.ip", "--NotebookApp.ip"],
    variable: /^(?:JUPYTER|NB_)/,
    loopback: true,
    configured: true,
  },
  "sglang.launch_server": { options: ["--host"], loopback: true },
  "vllm.entrypoints.openai.api_server": { options: ["--host"], loopback: false },
};

/** Programs that run the words after them, their options and what those take. */
const wrapper =
  /^(?:pixi|uv|poetry|pdm|pipenv|hatch|conda|mamba|micromamba|run|exec|tini|dumb-init|init|python[\d.]*|opentelemetry-instrument|ddtrace-run|nice)$/;
const here = /^(?:127\.0\.0\.1|localhost|\[?::1\]?)(?::\d+)?$/;

export const serverOnLoopback = defineRule({
  kind: "dockerfile",
  name: "server-on-loopback",
  group: "runtime",
  severity: "warning",
  aliases: [],
  meaning: "The server that the container starts listens on its own loopback address only.",
  why: "A published port leads to the container's network card, not to its 127.0.0.1: `docker run -p 8000:8000` gives `connection reset`, while the health check inside the container finds all well. uvicorn, Flask, TensorBoard, MLflow and Jupyter listen there when nothing else is said. Say `--host 0.0.0.0`, and choose with `-p 127.0.0.1:8000:8000` who may come in. Leave it where the container shares the network of another.",
  examples: [
    {
      bad: 'FROM python:3.12-slim\nEXPOSE 8000\nCMD ["uvicorn", "app:app", "--port", "8000"]\n',
      good: 'FROM python:3.12-slim\nEXPOSE 8000\nCMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000"]\n',
    },
    {
      bad: 'FROM python:3.12-slim\nCMD ["gunicorn", "--bind", "127.0.0.1:8000", "app:app"]\n',
      good: 'FROM python:3.12-slim\nCMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]\n',
    },
  ],
  check(file, report, context) {
    // Another server in the same container may stand before it.
    if (
      /nginx|caddy|haproxy|traefik|envoy|apache2|httpd|supervisor|ngrok|cloudflared|jupyterhub/i.test(
        file.text,
      )
    )
      return;
    if (context.files?.some(({ path }) => /(?:^|\/)(?:\.flaskenv|hypercorn\.toml)$/.test(path)) === true)
      return;
    for (const stage of imageStages(file)) {
      const words = startOf(file, stage);
      const at = words.findIndex(({ value }) => Object.hasOwn(servers, nameOf(value)));
      const found = words[at];
      const server = servers[nameOf(found?.value ?? "")];
      if (found === undefined || server === undefined || !words.slice(0, at).every(onlyStarts)) continue;
      const args = words.slice(at + 1);
      const verb = args.find(({ value }) => !value.startsWith("-"))?.value ?? "";
      if (server.verbs?.test(verb) === false) continue;
      const said = whereSaid(args, server.options);
      if (said !== undefined && !here.test(said.value)) continue;
      if (said === undefined && (found.isEntry || isToldElsewhere(file, stage, server, args))) continue;
      const where = said === undefined ? "on 127.0.0.1 when no address is said" : `on ${said.value}`;
      report({
        at: said ?? found,
        message: `${nameOf(found.value)} listens ${where}, which nobody outside of the container reaches`,
      });
    }
  },
});

interface StartWord extends Range {
  readonly value: string;
  readonly literal: boolean;
  /** Whether it is of an ENTRYPOINT that may be given more words when the container is started. */
  readonly isEntry: boolean;
}

/** The words that start the container. */
function startOf(file: Dockerfile, stage: Stage): StartWord[] {
  const instructions = instructionsOf(stage);
  const last = (keyword: string): Instruction[] => {
    const found = instructions.findLast((one) => one.keyword === keyword);
    return found === undefined ? [] : [found];
  };
  const [entrypoint] = last("ENTRYPOINT");
  // ENTRYPOINT in shell form takes no words from CMD.
  const command = entrypoint !== undefined && entrypoint.json === undefined ? [] : last("CMD");
  return [...last("ENTRYPOINT"), ...command].flatMap((instruction) =>
    readShell(file, instruction).flatMap(({ commands }) =>
      commands
        .flatMap(({ nameWord, args }) => (nameWord === undefined ? args : [nameWord, ...args]))
        .map(({ start, end, value, literal }) => ({
          start,
          end,
          value,
          literal,
          isEntry: instruction === entrypoint && instruction.json !== undefined,
        })),
    ),
  );
}

function nameOf(word: string): string {
  const name = posix.basename(word);
  return /^jupyter-(?:lab|notebook|server)$/.test(name) ? "" : name;
}

/** Whether a word before a server only helps to start it; entry points that are scripts nearly all end with `exec "$@"`. */
function onlyStarts({ value }: StartWord, at: number, all: readonly StartWord[]): boolean {
  if (value.startsWith("-") || wrapper.test(posix.basename(value))) return true;
  if (at === 0) return /entrypoint|\/docker-/.test(value);
  return /^--?(?:n|p|e|name|prefix|environment|extra|with)$/.test(all[at - 1]?.value ?? "");
}

/** Whether something else may say where a server listens. */
function isToldElsewhere(
  file: Dockerfile,
  stage: Stage,
  server: Server,
  args: readonly StartWord[],
): boolean {
  return (
    !server.loopback ||
    args.some(({ value, literal }) => !literal && value.includes("$")) ||
    [...stage.end.env.keys()].some((key) => server.variable?.test(key) === true) ||
    (server.configured === true && (baseOf(stage) === undefined || /config|\.ip\b/i.test(file.text)))
  );
}

/** What the first of these options says; with `-b=x` and `--bind x` alike. */
function whereSaid(
  args: readonly StartWord[],
  options: readonly string[],
): (Range & { value: string }) | undefined {
  for (const [at, word] of args.entries()) {
    for (const option of options) {
      if (word.value === option) {
        const next = args[at + 1];
        return next ?? word;
      }
      if (word.value.startsWith(`${option}=`))
        return { start: word.start, end: word.end, value: word.value.slice(option.length + 1) };
    }
  }
  return undefined;
}
