import type { Draft, ProjectFiles, Serving } from "../../project.ts";
import { serveCommand } from "../../serve-command.ts";
import { baseOf, nameOf } from "../reading/base.ts";
import { pathOf } from "../reading/modules.ts";
import { pythonFiles } from "../reading/python-files.ts";
import { startOfR } from "../serving/of-r.ts";
import { programCommand } from "./program-command.ts";

/** What starts the project's service, with the folder of its modules where that is another; undefined where only its user knows. */
export function servingCommand(files: ProjectFiles, draft: Draft): readonly string[] | undefined {
  const { serving } = draft;
  return serving && withPath(files, serving.because[0]?.file, commandOf(files, draft, serving.value));
}

/** Tells uvicorn and flask where the module lies that is not below the project's folder itself. */
function withPath(
  files: ProjectFiles,
  file: string | undefined,
  command: readonly string[] | undefined,
): readonly string[] | undefined {
  const folder = file?.endsWith(".py") === true ? pathOf(files, file) : "";
  if (folder === "" || command?.some((one) => one.includes(":")) !== true) return command;
  const option =
    command[0] === "uvicorn" ? "--app-dir" : command[0] === "gunicorn" ? "--pythonpath" : undefined;
  return option === undefined ? command : [command[0] ?? "", option, folder, ...command.slice(1)];
}

/** What starts the service; undefined where only the one who runs it knows. */
function commandOf(files: ProjectFiles, draft: Draft, serving: Serving): readonly string[] | undefined {
  const { kind, target, port } = serving;
  const has = (name: string): boolean => draft.requirements.some((one) => one.name === name);
  if (kind === "fastapi" && target?.endsWith("()") === true)
    return ["uvicorn", "--factory", target.slice(0, -2), "--host", "0.0.0.0", "--port", String(port)];
  const file =
    target?.endsWith(".py") === true ? pythonFiles(files).find(({ path }) => path === target) : undefined;
  if (file !== undefined && kind !== "streamlit")
    return file.hasRelative || nameOf(file.path) === "__main__.py"
      ? programCommand(files, draft, file)
      : ["python", file.path.slice(baseOf(files).length)];
  if ((kind === "flask" || kind === "django") && target?.includes(":") === true && has("gunicorn"))
    return ["gunicorn", "--bind", `0.0.0.0:${port}`, target];
  if (kind === "django") return ["python", "manage.py", "runserver", `0.0.0.0:${port}`];
  if (draft.manager.value === "r" && target !== undefined) return startOfR(files, target, port);
  return serveCommand(serving);
}
