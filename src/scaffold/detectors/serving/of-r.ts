import type { Found, ProjectFiles, Serving } from "../../project.ts";
import { readDescription } from "../r-project.ts";
import { baseOf, depthOf, isBesides, nameOf } from "../reading/base.ts";

/** Comments that make an API of functions: `#* @get /predict`. */
const annotation = /^#[*']\s*@(?:get|post|put|delete|head|apiTitle)\b/m;
const mostText = 400_000;

/** The service of a project of R: plumber's API or Shiny's application, by their usual names, else by what scripts say. */
export function ofR(files: ProjectFiles): Found<Serving> | undefined {
  const base = baseOf(files);
  const named = (...names: string[]): string | undefined =>
    names.map((one) => base + one).find((one) => files.has(one));
  const scripts = scriptsIn(files, base);
  const plumber =
    named("plumber.R", "api.R") ?? nearest(scripts.filter((path) => annotation.test(textOf(files, path))));
  const shiny =
    named("app.R", "server.R") ??
    nearest(
      scripts.filter(
        (path) => /^(?:app|server)\.R$/.test(nameOf(path)) && /shiny/i.test(textOf(files, path)),
      ),
    );
  const file = plumber ?? shiny;
  if (file === undefined) return undefined;
  const says = plumber === undefined ? "is an application of Shiny" : "is an API of plumber";
  return {
    value: { kind: "other", target: file, port: plumber === undefined ? 3838 : 8000, health: undefined },
    because: [{ file, says }],
  };
}

/** What starts a service of R. */
export function startOfR(files: ProjectFiles, target: string, port: number): readonly string[] {
  const inside = target.slice(baseOf(files).length);
  const isShiny = /^(?:app|server)\.R$/.test(nameOf(target)) && !annotation.test(textOf(files, target));
  const folder = inside.includes("/") ? inside.slice(0, inside.lastIndexOf("/")) : ".";
  return [
    "Rscript",
    "-e",
    isShiny
      ? `shiny::runApp("${folder}", host = "0.0.0.0", port = ${port})`
      : `plumber::pr_run(plumber::pr("${inside}"), host = "0.0.0.0", port = ${port})`,
  ];
}

/** The scripts that may be the service, those nearest to the project's folder first; a package's are only those beside its folders. */
function scriptsIn(files: ProjectFiles, base: string): string[] {
  const isPackage = readDescription(files, `${base}DESCRIPTION`)?.has("Package") === true;
  return files.list
    .map(({ path }) => path)
    .filter((path) => {
      const inside = path.slice(base.length);
      return (
        path.startsWith(base) &&
        /\.[Rr]$/.test(inside) &&
        !isBesides(path) &&
        (!isPackage || !inside.includes("/"))
      );
    })
    .sort((a, b) => depthOf(a) - depthOf(b))
    .slice(0, 200);
}

/** The first of them; undefined where others lie just as near, as in a collection of examples. */
function nearest([first, second]: readonly string[]): string | undefined {
  return first !== undefined && second !== undefined && depthOf(first) === depthOf(second)
    ? undefined
    : first;
}

function textOf(files: ProjectFiles, path: string): string {
  return (files.read(path) ?? "").slice(0, mostText);
}
