import type { Draft, Evidence, ProjectFiles } from "../../project.ts";
import { baseOf, nameOf } from "./base.ts";
import { containerFacts } from "./container-commands.ts";

/** A command somewhere in the project that starts its service. */
export interface StartCommand {
  readonly kind: "fastapi" | "flask" | "streamlit" | "bentoml" | "vllm";
  /** `app.main:app`, a script, a model. */
  readonly target: string;
  readonly port: number | undefined;
  /** How surely it is the one: 2 for what containers run, 1 for scripts, 0 for the README. */
  readonly trust: number;
  readonly from: Evidence;
}

const commands: readonly (readonly [StartCommand["kind"], RegExp])[] = [
  [
    "fastapi",
    /(?:uvicorn|hypercorn)\s+(?:-{1,2}[\w-]+(?:[= ](?!\S*:)[^\s-]\S*)?\s+)*["']?([\w.]+:[\w.]+(?:\(\))?)/,
  ],
  [
    "fastapi",
    /gunicorn\s(?:[^\n]{0,200}?\s)?(?=[^\n]{0,200}uvicorn)(?:[^\n]{0,200}?\s)?["']?((?!uvicorn)[A-Za-z_][\w.]*:[A-Za-z_]\w*)/,
  ],
  ["flask", /gunicorn\s(?:[^\n]{0,200}?\s)?["']?([A-Za-z_][\w.]*:[A-Za-z_]\w*(?:\(\))?)/],
  ["streamlit", /streamlit\s+run\s+(?:-{2}\S+\s+)*["']?([\w./-]+\.py)/],
  ["bentoml", /bentoml\s+serve(?:-http)?\s+(?:-{2}\S+\s+)*["']?([\w./-]+:[\w]+)/],
  ["vllm", /vllm\s+serve\s+["']?([\w./-]+)/],
];

/** The commands that start a service: in Dockerfiles, compose files, Procfile, scripts, Makefile and README. */
export function startCommands(files: ProjectFiles, draft: Draft): StartCommand[] {
  const base = baseOf(files);
  const found: StartCommand[] = [];
  const read = (text: string, trust: number, file: string, line: number): void => {
    const plain = text.slice(0, 2_000).replace(/["',[\]]+/g, " ");
    for (const [kind, pattern] of commands) {
      const target = pattern.exec(plain)?.[1];
      if (target === undefined) continue;
      const port = Number(/(?:--port|--server\.port|0\.0\.0\.0)[=: ]+(\d{2,5})(?!\d)/.exec(plain)?.[1]);
      const from = { file, line, says: `starts ${target}` };
      found.push({ kind, target, port: port > 0 ? port : undefined, trust, from });
      return;
    }
  };
  for (const { words, file, line } of containerFacts(files, draft).commands)
    read(words.join(" "), 2, file, line);
  for (const { path, size } of files.list) {
    const inside = path.startsWith(base) ? path.slice(base.length) : path;
    const trust =
      /compose[\w.-]*\.ya?ml$|^(?:[\w-]+\/)?(?:Procfile|entrypoint\.sh|boot\.sh|start[\w-]*\.sh)$/.test(
        inside,
      )
        ? 2
        : /^(?:Makefile|justfile|Justfile|Taskfile\.ya?ml|[\w-]+\.sh|scripts?\/[\w-]+\.sh|docker\/[\w-]+\.sh)$/.test(
              inside,
            )
          ? 1
          : /^README\.(?:md|rst)$/i.test(nameOf(inside)) && !inside.includes("/")
            ? 0
            : undefined;
    if (trust === undefined || size > 256 * 1024) continue;
    (files.read(path) ?? "").split("\n").forEach((line, index) => {
      if (/uvicorn|gunicorn|hypercorn|streamlit|bentoml|vllm/.test(line)) read(line, trust, path, index + 1);
    });
  }
  return found.sort((a, b) => b.trust - a.trust);
}
