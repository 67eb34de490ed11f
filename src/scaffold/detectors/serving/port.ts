import type { Draft, Evidence, ProjectFiles } from "../../project.ts";
import { depthOf, isBesides } from "../reading/base.ts";
import { containerFacts } from "../reading/container-commands.ts";
import { pythonFiles } from "../reading/python-files.ts";
import { type Candidate, type Kind, startsKind } from "./candidate.ts";

/** The port that a candidate listens on as far as commands, code and EXPOSE tell; what tells it is added to the reasons. */
export function portOf(
  files: ProjectFiles,
  draft: Draft,
  best: Candidate,
  because: Evidence[],
): number | undefined {
  if (best.told?.port !== undefined) {
    because.push({ ...best.told.from, says: `listens on ${best.told.port}` });
    return best.told.port;
  }
  const command = commandTarget(files, draft, best);
  if (command?.port !== undefined) {
    because.push(command.because);
    return command.port;
  }
  const own = best.file;
  // The start of a server may stand in the file beside: `run.py` starts what `app/main.py` makes.
  const starters =
    own === undefined
      ? []
      : [
          own,
          ...pythonFiles(files).filter(
            (one) => one !== own && !isBesides(one.path) && depthOf(one.path) <= depthOf(own.path) + 1,
          ),
        ];
  for (const file of starters) {
    const isOwn = file === own;
    const started = file.starts.find(
      ({ port, call }) => port !== undefined && (isOwn || startsKind(best.kind, call)),
    );
    if (started?.port !== undefined) {
      because.push({ file: file.path, line: started.line, says: `listens on ${started.port}` });
      return started.port;
    }
    const isStarter = isOwn || file.starts.some(({ call }) => startsKind(best.kind, call));
    if (isStarter && file.portOption !== undefined && best.kind !== "streamlit") {
      because.push({ file: file.path, says: `listens on ${file.portOption} by default` });
      return file.portOption;
    }
  }
  const [exposed] = containerFacts(files, draft).ports;
  if (exposed !== undefined) {
    because.push({ file: exposed.file, line: exposed.line, says: `exposes ${exposed.port}` });
    return exposed.port;
  }
  const settings = pythonFiles(files).find(
    ({ path, portSetting }) =>
      portSetting !== undefined && !isBesides(path) && /config|setting|option/i.test(path),
  );
  if (settings?.portSetting === undefined || own === undefined) return undefined;
  because.push({ file: settings.path, says: `sets the port to ${settings.portSetting}` });
  return settings.portSetting;
}

/** The port in the command of a Dockerfile that starts this service. */
function commandTarget(
  files: ProjectFiles,
  draft: Draft,
  best: Candidate,
): { port: number; because: Evidence } | undefined {
  const programs: Readonly<Partial<Record<Kind, RegExp>>> = {
    fastapi: /uvicorn|gunicorn|fastapi|hypercorn/,
    flask: /flask|gunicorn|waitress/,
    django: /gunicorn|runserver|uvicorn|daphne/,
    streamlit: /streamlit/,
    gradio: /gradio|python/,
  };
  const program = programs[best.kind];
  for (const { words, file, line } of containerFacts(files, draft).commands) {
    const text = words.join(" ").replace(/["',[\]]/g, " ");
    if (program?.test(text) !== true) continue;
    const port = Number(
      /(?:--port|--server\.port|--server-port|-p|:)[= :]*(\d{2,5})(?!\d)/.exec(text)?.[1] ??
        /0\.0\.0\.0:(\d{2,5})/.exec(text)?.[1],
    );
    if (port > 0) return { port, because: { file, line, says: `listens on ${port}` } };
  }
  return undefined;
}
