import type { ProjectFiles } from "../../project.ts";
import { isBesides } from "../reading/base.ts";
import { moduleOf } from "../reading/modules.ts";
import { type PythonFile, pythonFiles } from "../reading/python-files.ts";
import type { Kind } from "./candidate.ts";

/** What the server is given to start: `app.main:app`, `app.main:create_app()`, or the script itself. */
export function targetOf(
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
