import { expect, it } from "vitest";
import { detectIn } from "../detect.ts";
import { filesIn } from "../project-files.ts";

function project(build: string): string {
  return `[project]\nname = "x"\ndynamic = ["version"]\n[build-system]\nrequires = ${build}\n`;
}

it.each([
  ['["setuptools>=64", "setuptools_scm[toml]>=8"]', "SETUPTOOLS_SCM_PRETEND_VERSION"],
  ['["hatchling", "hatch-vcs"]', "SETUPTOOLS_SCM_PRETEND_VERSION"],
  ['["hatchling", "uv-dynamic-versioning"]', "UV_DYNAMIC_VERSIONING_BYPASS"],
  ['["setuptools"]', undefined],
  ["1", undefined],
])("knows by %s which variable gives the version", (build, variable) => {
  expect(detectIn(filesIn({ "pyproject.toml": project(build) })).versionVariable).toBe(variable);
});

it("takes a workspace for packages where its members are, although the root is none", () => {
  const files = {
    "pyproject.toml": '[project]\nname = "all"\n[tool.uv.workspace]\nmembers = ["packages/*"]\n',
    "uv.lock": "",
    "packages/api/pyproject.toml": project('["hatchling"]'),
    "packages/api/src/api/main.py": "print()\n",
  };
  expect(detectIn(filesIn(files))).toMatchObject({ workspace: ["packages/api"], isPackage: true });
});
