import type { Evidence, ProjectFiles } from "../../project.ts";
import { baseOf, isBesides, nameOf } from "../reading/base.ts";
import { type PythonFile, pythonFiles } from "../reading/python-files.ts";
import type { Candidate } from "./candidate.ts";

const healthPath =
  /^\/?(?:api\/)?(?:v\d+\/)?(?:_?health(?:[-_/]?check)?z?|healthz?(?:\/(?:live|ready|liveness|readiness))?|ping|livez?|liveness|readyz?|readiness|heartbeat|status|-\/health(?:y)?|up)\/?$/i;

/** A GET route that says whether the service is well, as far as its whole path can be known. */
export function healthRoute(files: ProjectFiles, best: Candidate, because: Evidence[]): string | undefined {
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
