import type { Detector, ProjectFiles } from "../project.ts";
import { normalName } from "../requirements.ts";
import { baseOf, nameOf } from "./reading/base.ts";
import { readToml, textAt } from "./reading/parsed.ts";
import { readSetup } from "./reading/setup-file.ts";
import { readIni } from "./reading/wishes-files.ts";
import { readDescription } from "./r-project.ts";

/** The project's name: of its manifest, else of its only package, else what the draft had (the folder's). */
export const name: Detector = (files, draft) => {
  const found =
    declaredName(files, baseOf(files)) ?? (draft.name === "" ? onlyPackage(files) : undefined) ?? draft.name;
  draft.name = asImageName(found);
};

function declaredName(files: ProjectFiles, base: string): string | undefined {
  const pyproject = readToml(files, `${base}pyproject.toml`);
  const pixi = readToml(files, `${base}pixi.toml`);
  const setup = readSetup(files, `${base}setup.py`)?.name;
  return [
    textAt(pyproject, "project", "name"),
    textAt(pyproject, "tool", "poetry", "name"),
    textAt(pixi, "workspace", "name"),
    textAt(pixi, "project", "name"),
    textAt(pixi, "package", "name"),
    setup !== undefined && /^[\w.-]+$/.test(setup) ? setup : undefined,
    readIni(files.read(`${base}setup.cfg`) ?? "").find(
      ({ section, key }) => section === "metadata" && key === "name",
    )?.values[0],
    readDescription(files, `${base}DESCRIPTION`)?.get("Package"),
  ].find((one) => one !== undefined && !/^(?:app|src|main|project|code|python)$/.test(asImageName(one)));
}

function onlyPackage(files: ProjectFiles): string | undefined {
  const packages = files.list.filter(({ path }) => /^(?:src\/)?[A-Za-z]\w*\/__init__\.py$/.test(path));
  return packages.length === 1 ? nameOf((packages[0]?.path ?? "").replace(/\/__init__\.py$/, "")) : undefined;
}

/** Lower case with dashes, as image and service names must be; `app` where nothing is left. */
function asImageName(text: string): string {
  const plain = normalName(text)
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return plain.replace(/-+$/, "") || "app";
}
