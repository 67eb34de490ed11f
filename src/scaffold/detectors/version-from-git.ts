import type { Detector } from "../project.ts";
import { baseOf } from "./reading/base.ts";
import { readToml, tableAt, textsAt } from "./reading/parsed.ts";

/** What takes a project's version from git's tags, and the variable that gives it one where git is not there. */
const variables: Readonly<Record<string, string>> = {
  "setuptools-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
  "hatch-vcs": "SETUPTOOLS_SCM_PRETEND_VERSION",
  "uv-dynamic-versioning": "UV_DYNAMIC_VERSIONING_BYPASS",
  "poetry-dynamic-versioning": "POETRY_DYNAMIC_VERSIONING_BYPASS",
};

/** Whether the project's version comes from git, which the build of an image does not have. */
export const versionFromGit: Detector = (files, draft) => {
  const system = tableAt(readToml(files, `${baseOf(files)}pyproject.toml`), "build-system");
  for (const one of textsAt(system, "requires")) {
    const name = /^[\w.-]+/
      .exec(one)?.[0]
      .toLowerCase()
      .replace(/[-_.]+/g, "-");
    const variable = name === undefined ? undefined : variables[name];
    if (variable !== undefined) draft.versionVariable = variable;
  }
};
