import type { Detector, Draft, Evidence, Found, ProjectFiles, Serving } from "../project.ts";
import { baseOf, depthOf, isBesides, nameOf } from "./reading/base.ts";
import { containerFacts } from "./reading/container-commands.ts";
import { type PythonFile, pythonFiles } from "./reading/python-files.ts";
import { type StartCommand, startCommands } from "./reading/start-commands.ts";
import { forRunning } from "./reading/wish-list.ts";

type Kind = Serving["kind"];

/** Where each kind listens unless told otherwise. */
const usualPorts: Readonly<Record<Kind, number>> = {
  fastapi: 8000,
  flask: 5000,
  django: 8000,
  gradio: 7860,
  streamlit: 8501,
  triton: 8000,
  bentoml: 3000,
  vllm: 8000,
  torchserve: 8080,
  litserve: 8000,
  other: 8000,
};

const ownHealth: Readonly<Partial<Record<Kind, string>>> = {
  streamlit: "/_stcore/health",
  triton: "/v2/health/ready",
  bentoml: "/readyz",
  vllm: "/health",
  torchserve: "/ping",
  litserve: "/health",
};

/** Packages by which a project says what it serves with. */
const packages: Readonly<Record<string, Kind>> = {
  fastapi: "fastapi",
  flask: "flask",
  django: "django",
  gradio: "gradio",
  streamlit: "streamlit",
  bentoml: "bentoml",
  litserve: "litserve",
};

interface Candidate {
  readonly kind: Kind;
  readonly target: string | undefined;
  readonly file: PythonFile | undefined;
  readonly score: number;
  readonly because: Evidence;
  /** The command that starts it. */
  readonly told?: StartCommand;
}

/** A candidate below is a demo, a test or a part of a library. */
const least = 28;

/** How the project answers requests: the likeliest of what its code and files show. */
export const serving: Detector = (files, draft) => {
  if (draft.manager.value === "r") {
    draft.serving = ofR(files);
    return;
  }
  const told = startCommands(files, draft);
  const candidates = [...ofCode(files, draft), ...ofLayout(files, draft)].map((one) => raised(one, told));
  const best = candidates.sort((a, b) => b.score - a.score)[0];
  if (best === undefined || best.score < least) return;
  draft.serving = finish(files, draft, best);
};

/** What the project's own commands start is what is meant. */
function raised(one: Candidate, told: readonly StartCommand[]): Candidate {
  const same = told.find(({ kind, target }) => kind === one.kind && isSameTarget(target, one.target ?? ""));
  if (same === undefined) return one;
  const isFactory = one.target?.endsWith(`${same.target.split(":").at(-1)}()`) === true;
  const target =
    one.kind === "streamlit" || same.target.endsWith(".py") || isFactory ? one.target : same.target;
  return { ...one, target, told: same, score: one.score + 8 + 8 * same.trust };
}

function isSameTarget(told: string, target: string): boolean {
  if (told === target || target.endsWith(`/${told.replace(/^\.\//, "")}`)) return true;
  const [module = "", name = ""] = target.replace("()", "").split(":");
  const [toldModule = "", toldName = ""] = told.replace("()", "").split(":");
  return (
    name !== "" &&
    name === toldName &&
    (module.endsWith(`.${toldModule}`) || toldModule.endsWith(`.${module}`) || module === toldModule)
  );
}

function ofCode(files: ProjectFiles, draft: Draft): Candidate[] {
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
      ): void => {
        // Something that is asked for is meant; something that only a demo imports is not the project's service.
        const meant = asked.has(kind)
          ? 30
          : all.has(kind)
            ? 5
            : all.size > 1 || draft.requirements.length > 0
              ? -25
              : 5;
        const score = 20 + meant + extra + exposes + placeScore(file, base);
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
        );
      }
      return candidates;
    });
}

/** `streamlit-webrtc` brings Streamlit along. */
function kindOfPackage(name: string): Kind | undefined {
  const brings = /^(streamlit|gradio|fastapi|flask|django)[-_]/.exec(name)?.[1];
  return packages[name] ?? (brings === undefined ? undefined : packages[brings]);
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
    score += 8;
  if (/demo|example|test|tutorial|playground|mock|stub/.test(path.toLowerCase())) score -= 12;
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
  return kinds[made] ?? (/^(?:Starlette|Litestar|Quart|Sanic|Dash)$/.test(made) ? "other" : undefined);
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

function targetOf(
  files: ProjectFiles,
  file: PythonFile,
  module: string,
  app: PythonFile["apps"][number],
  kind: Kind,
  named: string | undefined,
): string {
  const starts = file.starts.length > 0 && file.guardLine !== undefined;
  if (kind === "litserve" || kind === "other" || (kind !== "fastapi" && app.name === "")) return file.path;
  if (kind === "flask" && (starts || app.name === "")) return file.path;
  if (named !== undefined && named.endsWith(`:${app.name}`)) return named;
  if (app.name === "") return starts ? file.path : `${module}:app`;
  const made = app.factory ? callOf(files, file, app.name) : undefined;
  return made ?? `${module}:${app.name}${app.factory ? "()" : ""}`;
}

/** Where the result of a factory stands as a variable: `app = create_app()`. */
function callOf(files: ProjectFiles, file: PythonFile, factory: string): string | undefined {
  const here = file.apps.find(({ kind }) => kind === "made");
  if (here !== undefined) return `${moduleOf(files, file.path)}:${here.name}`;
  const other = pythonFiles(files).find(
    ({ path, apps }) => !isBesides(path) && apps.some(({ kind }) => kind === "made") && factory !== "",
  );
  const name = other?.apps.find(({ kind }) => kind === "made")?.name;
  return other === undefined || name === undefined ? undefined : `${moduleOf(files, other.path)}:${name}`;
}

/**
 * The module that a file is when the program runs from the project's folder: `app.main`. It starts at the folder whose name the code
 * imports; `src/` of an installed package is left out.
 */
export function moduleOf(files: ProjectFiles, path: string): string {
  const parts = importParts(files, path);
  return parts.inside.slice(parts.root).join(".");
}

/** The folder that has to be on Python's path for `moduleOf`, below the project's folder; empty for that itself or an installed one. */
export function pathOf(files: ProjectFiles, path: string): string {
  const { inside, root } = importParts(files, path);
  const base = baseOf(files);
  const folder = inside.slice(0, root).join("/");
  return folder === "" || folder === "src" || isInstalled(files, `${base}${folder}/`) ? "" : folder;
}

function importParts(files: ProjectFiles, path: string): { inside: string[]; root: number } {
  const base = baseOf(files);
  const inside = (path.startsWith(base) ? path.slice(base.length) : path)
    .replace(/\.py$/, "")
    .replace(/\/__init__$/, "")
    .split("/");
  const first =
    inside[0] === "src" &&
    inside.length > 1 &&
    !files.has(`${base}src/__init__.py`) &&
    isInstalled(files, base)
      ? 1
      : 0;
  const imported = importedNames(files);
  for (let root = first; root < inside.length - 1; root++)
    if (imported.has(inside[root] ?? "")) return { inside, root };
  return { inside, root: first };
}

const importedKept = new WeakMap<ProjectFiles, ReadonlySet<string>>();

function importedNames(files: ProjectFiles): ReadonlySet<string> {
  let own = importedKept.get(files);
  if (own === undefined)
    importedKept.set(
      files,
      (own = new Set(pythonFiles(files).flatMap(({ imports }) => [...imports.keys()]))),
    );
  return own;
}

/** Whether the packages below src/ are installed, so that they are imported without `src.`. */
function isInstalled(files: ProjectFiles, base: string): boolean {
  return files.has(`${base}pyproject.toml`) || files.has(`${base}setup.py`) || files.has(`${base}setup.cfg`);
}

/** What files show without Python's help: Django, Triton, BentoML, TorchServe, vLLM. */
function ofLayout(files: ProjectFiles, draft: Draft): Candidate[] {
  const found: Candidate[] = [];
  const base = baseOf(files);
  const add = (kind: Kind, target: string | undefined, score: number, because: Evidence): void =>
    void found.push({ kind, target, file: undefined, score, because });
  const manage = files.list.find(
    ({ path }) => nameOf(path) === "manage.py" && depthOf(path) <= 2 && !isBesides(path),
  )?.path;
  if (manage !== undefined && /django/i.test(files.read(manage) ?? "")) {
    const folder = manage.slice(0, -"manage.py".length);
    const wsgi = files.list.find(
      ({ path }) => path.startsWith(folder) && nameOf(path) === "wsgi.py" && !isBesides(path),
    )?.path;
    const module =
      wsgi === undefined
        ? undefined
        : `${wsgi.slice(base.length).replace(/\.py$/, "").split("/").join(".")}:application`;
    add("django", module, 70, { file: manage, says: "manages a site of Django" });
  }
  const triton = files.list.find(
    ({ path, size }) => nameOf(path) === "config.pbtxt" && size < 100_000 && !isBesides(path),
  );
  if (
    triton !== undefined &&
    /^\s*(?:name|platform|backend|max_batch_size)\s*:/m.test(files.read(triton.path) ?? "")
  )
    add("triton", triton.path.split("/").slice(0, -2).join("/") || ".", 45, {
      file: triton.path,
      says: "describes a model for Triton",
    });
  const bento = ["bentofile.yaml", "bentofile.yml"].map((one) => base + one).find((one) => files.has(one));
  if (bento !== undefined) {
    const service = /^service:\s*["']?([\w.:-]+)/m.exec(files.read(bento) ?? "")?.[1];
    add("bentoml", service, 75, { file: bento, says: `serves ${service ?? "with BentoML"}` });
  }
  for (const { words, file, line } of containerFacts(files, draft).commands) {
    const text = words.join(" ");
    const because = { file, line, says: `runs ${text.slice(0, 100)}` };
    if (/\bvllm(?:\.entrypoints|\s+serve)/.test(text)) add("vllm", undefined, 60, because);
    if (/\btorchserve\b/.test(text)) add("torchserve", undefined, 60, because);
    if (/\btritonserver\b/.test(text)) add("triton", undefined, 60, because);
  }
  const handler = files.list.find(
    ({ path }) => /(?:^|\/)config\.properties$/.test(path) && !isBesides(path),
  )?.path;
  if (handler !== undefined && /^(?:inference_address|model_store)=/m.test(files.read(handler) ?? ""))
    add("torchserve", undefined, 35, { file: handler, says: "configures TorchServe" });
  return found;
}

function finish(files: ProjectFiles, draft: Draft, best: Candidate): Found<Serving> {
  const { kind, target } = best;
  const because: Evidence[] = [best.because];
  const port = portOf(files, draft, best, because) ?? usualPorts[kind];
  const health =
    ownHealth[kind] ??
    (kind === "fastapi" || kind === "flask" ? healthRoute(files, best, because) : undefined);
  return { value: { kind, target, port, health }, because };
}

function portOf(files: ProjectFiles, draft: Draft, best: Candidate, because: Evidence[]): number | undefined {
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
  if (exposed === undefined) return undefined;
  because.push({ file: exposed.file, line: exposed.line, says: `exposes ${exposed.port}` });
  return exposed.port;
}

function startsKind(kind: Kind, call: string): boolean {
  if (kind === "fastapi") return call.startsWith("uvicorn.");
  if (kind === "flask") return /^(?:app|application|server)\.run$/.test(call);
  if (kind === "gradio") return call.endsWith("launch");
  return (kind === "litserve" || kind === "other") && call.endsWith(".run");
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

const healthPath =
  /^\/?(?:api\/)?(?:v\d+\/)?(?:_?health(?:[-_/]?check)?z?|healthz?(?:\/(?:live|ready|liveness|readiness))?|ping|livez?|liveness|readyz?|readiness|heartbeat|status|-\/health(?:y)?|up)\/?$/i;

/** A GET route that says whether the service is well, as far as its whole path can be known. */
function healthRoute(files: ProjectFiles, best: Candidate, because: Evidence[]): string | undefined {
  const programs = pythonFiles(files).filter(
    ({ path }) => !isBesides(path) && path.startsWith(baseOf(files)),
  );
  const found: { path: string; from: Evidence; rank: number }[] = [];
  for (const file of programs) {
    for (const { object, path, line } of file.routes) {
      if (!healthPath.test(path)) continue;
      const isApp = file.apps.some(
        ({ name, factory, kind }) => (name === object && !factory) || (kind !== "made" && object === "app"),
      );
      // An application that is not the one that serves has its own routes.
      const isElse = isApp && best.file !== undefined && file !== best.file && !isMadeFor(best.file, file);
      const prefix = isElse ? undefined : isApp ? "" : prefixOf(programs, file, object);
      if (prefix === undefined || !healthPath.test(`${prefix}${path}`)) continue;
      const full = `${prefix}${path.startsWith("/") ? path : `/${path}`}`;
      found.push({
        path: full,
        from: { file: file.path, line, says: `answers ${full}` },
        rank: (/health/i.test(path) ? 0 : 1) + (file === best.file ? 0 : 1),
      });
    }
  }
  const [route] = found.sort((a, b) => a.rank - b.rank || a.path.length - b.path.length);
  if (route !== undefined) because.push(route.from);
  return route?.path;
}

/** Whether one file takes its application from a function or variable of the other. */
function isMadeFor(user: PythonFile, maker: PythonFile): boolean {
  const makes = maker.apps.some(({ factory }) => factory);
  return (makes && user.apps.some(({ kind }) => kind === "made")) || user.apps.length === 0;
}

/** The prefix of a router: undefined where it is made of what only the running program knows. */
function prefixOf(programs: readonly PythonFile[], file: PythonFile, router: string): string | undefined {
  const own = file.routers.get(router);
  if (own === undefined || own.includes("?") || own.includes("{")) return undefined;
  const module = nameOf(file.path).replace(/\.py$/, "");
  const all = programs.flatMap(({ includes }) => includes);
  const named = all.filter(
    (one) =>
      one.router === `${module}.${router}` ||
      one.router === `${module}_router` ||
      (file.includes.includes(one) && one.router === router),
  );
  const matching = named.length > 0 ? named : all.filter((one) => one.router === router);
  // A router that is included in another has the prefix of that one too, so only what is included once at the top is sure.
  if (
    matching.length !== 1 ||
    all.some(
      (one) => one.prefix !== "" && !matching.includes(one) && /api_router|main_router/.test(one.router),
    )
  )
    return undefined;
  const [first] = matching;
  return first === undefined || first.prefix.includes("?") || first.prefix.includes("{")
    ? undefined
    : `${first.prefix}${own}`;
}

function ofR(files: ProjectFiles): Found<Serving> | undefined {
  const base = baseOf(files);
  const plumber = ["plumber.R", "api.R"].map((one) => base + one).find((one) => files.has(one));
  const shiny = ["app.R", "server.R"].map((one) => base + one).find((one) => files.has(one));
  const file = plumber ?? shiny;
  if (file === undefined) return undefined;
  const says = plumber === undefined ? "is an application of Shiny" : "is an API of plumber";
  return {
    value: { kind: "other", target: file, port: plumber === undefined ? 3838 : 8000, health: undefined },
    because: [{ file, says }],
  };
}
