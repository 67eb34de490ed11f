import type { Draft, ProjectFiles } from "../../project.ts";
import { baseOf, depthOf, isBesides, nameOf } from "../reading/base.ts";
import { containerFacts } from "../reading/container-commands.ts";
import { moduleOf } from "../reading/modules.ts";
import { type PythonFile, pythonFiles } from "../reading/python-files.ts";
import { forRunning } from "../reading/wish-list.ts";
import { type Candidate, type Kind, kindOfPackage, startsKind } from "./candidate.ts";
import { targetOf } from "./target.ts";

/** What the project's own code makes that may answer requests. */
export function ofCode(files: ProjectFiles, draft: Draft): Candidate[] {
  const running = forRunning(draft.requirements);
  const kindsOf = (list: typeof running): Set<Kind | undefined> =>
    new Set(list.map(({ name }) => kindOfPackage(name)));
  const asked = kindsOf(
    running.filter(({ groups }) =>
      groups.some((one) => one === "main" || !(draft.extras ?? []).includes(one)),
    ),
  );
  const optional = kindsOf(running);
  const exposes = containerFacts(files, draft).ports.length > 0 ? 6 : 0;
  const all = kindsOf(draft.requirements);
  const base = baseOf(files);
  return pythonFiles(files)
    .filter(
      ({ path }) =>
        !isBesides(path) && path.startsWith(base) && !/(?:^|\/)(?:setup|conftest|noxfile)\.py$/.test(path),
    )
    .flatMap((file): Candidate[] => {
      const candidates: Candidate[] = [];
      const add = (
        kind: Kind,
        target: string | undefined,
        line: number,
        says: string,
        extra: number,
        isInside = false,
        isOfPython = false,
      ): void => {
        // Something that is asked for is meant; something that only a demo imports is not the project's service.
        const meant = asked.has(kind)
          ? 30
          : all.has(kind) || isOfPython
            ? 5
            : all.size > 1 || draft.requirements.length > 0
              ? -25
              : 5;
        const score =
          20 + meant + extra + exposes + placeScore(file, base) + partScore(draft, file, isInside);
        candidates.push({ kind, target, file, score, because: { file: file.path, line, says } });
      };
      const module = moduleOf(files, file.path);
      const named = file.starts.map(({ target }) => target).find((one) => one?.includes(":"));
      for (const app of file.apps) {
        const kind = app.kind === "made" ? madeKind(files, file) : kindOfApp(app.kind);
        // What a class keeps for itself is started by who makes the class.
        const isStarted = file.starts.some(({ call }) => startsKind(kind ?? "other", call));
        if (kind === undefined || (app.name === "" && !isStarted)) continue;
        const target = targetOf(files, file, module, app, kind, named);
        add(
          kind,
          target,
          app.line,
          `makes ${app.kind === "made" ? "an application" : `${app.kind}()`}`,
          app.factory ? 2 : app.name === "" ? 0 : 6,
          app.name === "",
          app.kind.endsWith("HTTPServer"),
        );
      }
      const run = file.starts.find(
        ({ call, target }) => /^(?:uvicorn|hypercorn)\./.test(call) && target !== undefined,
      );
      if (run !== undefined && file.apps.length === 0 && (asked.has("fastapi") || optional.has("fastapi"))) {
        const isNamed = run.target?.includes(":") === true;
        add("fastapi", isNamed ? run.target : file.path, run.line, `starts ${run.target}`, isNamed ? 10 : 9);
      }
      for (const { name, line } of file.services)
        add("bentoml", `${module}:${name}`, line, `defines the service ${name}`, 12);
      if (file.streamlitLine !== undefined && file.imports.has("streamlit"))
        add("streamlit", file.path, file.streamlitLine, "draws with Streamlit", 5);
      if (file.gradioLine !== undefined) {
        const launches = file.starts.find(({ call }) => call.endsWith("launch"));
        add(
          "gradio",
          file.path,
          launches?.line ?? file.gradioLine,
          "makes an interface of Gradio",
          launches === undefined ? -12 : 5,
          true,
        );
      }
      const launch = file.gradioLine === undefined ? launchOf(file, asked.has("gradio")) : undefined;
      if (launch !== undefined)
        add("gradio", file.path, launch.line, "starts an interface that is made elsewhere", 5, true);
      return candidates;
    });
}

/** Where a program starts an interface of Gradio that another file makes. */
function launchOf(file: PythonFile, isAsked: boolean): PythonFile["starts"][number] | undefined {
  const isProgram = isAsked && file.guardLine !== undefined;
  return isProgram
    ? file.starts.find(({ call }) => /^(?:app|demo|ui|blocks?|interface)\.launch$/.test(call))
    : undefined;
}

/** Names of files whose work it is to answer requests. */
const servingName = /app|api|serv|web|ui|demo|gradio|chat|play|main|home|wsgi|asgi|dash/i;

/** In a library an application that a function of something else makes is one way to look at its work. */
function partScore(draft: Draft, file: PythonFile, isInside: boolean): number {
  return draft.isPackage && isInside && !servingName.test(nameOf(file.path)) ? -18 : 0;
}

/** How much a place looks like where the program stands that is run. */
function placeScore(file: PythonFile, base: string): number {
  const path = file.path.slice(base.length);
  const name = nameOf(path).toLowerCase();
  let score = -3 * depthOf(path);
  if (
    /^(?:app|main|server|api|serve|service|asgi|wsgi|web|webui|home|web_?app|streamlit_app|application|__init__|api_server|[\w-]*(?:app|server|api|webui|ui))\.py$/.test(
      name,
    )
  )
    score += /^(?:server|api|serve|asgi|wsgi)\.py$/.test(name) ? 9 : 8;
  if (/config|setting/.test(name)) score -= 12;
  if (
    /demo|example|test|tutorial|playground|mock|stub|archived|deprecated|legacy|(?:^|[_/])old[_/]/.test(
      path.toLowerCase(),
    )
  )
    score -= 12;
  if (
    /(?:^|\/)(?:scripts?|tools?|utils?|benchmarks?|experiments?|eval\w*|notebooks?|plugins?|extensions?|templates?|cli|dev)\//.test(
      path,
    )
  )
    score -= 8;
  if (file.guardLine !== undefined) score += 1;
  // The program of an application with many files is the one that most other programs stand around.
  if (/^(?:server|main|app|webui|launch|home)\.py$/.test(path.toLowerCase())) score += 6;
  return score;
}

function kindOfApp(made: string): Kind | undefined {
  const kinds: Readonly<Record<string, Kind>> = { FastAPI: "fastapi", Flask: "flask", LitServer: "litserve" };
  return (
    kinds[made] ??
    (/^(?:Starlette|Litestar|Quart|Sanic|Dash|HTTPServer|ThreadingHTTPServer)$/.test(made)
      ? "other"
      : undefined)
  );
}

/** What kind a function `create_app()` makes that another file defines. */
function madeKind(files: ProjectFiles, file: PythonFile): Kind | undefined {
  const kinds = new Set(
    pythonFiles(files)
      .filter(({ path }) => !isBesides(path))
      .flatMap(({ apps }) => apps.filter(({ factory }) => factory).map(({ kind }) => kindOfApp(kind))),
  );
  if (kinds.has("fastapi") && !file.imports.has("flask")) return "fastapi";
  return kinds.has("flask") ? "flask" : undefined;
}
