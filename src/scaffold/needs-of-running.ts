import type { Found, Project } from "./project.ts";

/** What binaries of R's packages load of the system, by the package's name in lower case. The image of R has what R itself needs. */
const needsOfR: readonly (readonly [string, string])[] = [
  ["sodium plumber", "sodium"],
  ["sf terra stars lwgeom gdalcubes vapour", "gdal geos proj udunits"],
  ["units", "udunits"],
  ["rgeos geos", "geos"],
  ["xml2 rvest tidyverse igraph", "xml"],
  ["igraph", "glpk"],
  ["ragg systemfonts textshaping svglite tidyverse", "text-layout"],
  ["rpostgres rpostgresql", "libpq"],
  ["rmariadb rmysql", "mysql"],
  ["odbc rodbc", "odbc"],
  ["hdf5r", "hdf5"],
  ["rjava xlsx tabulizer", "java"],
  ["tesseract", "tesseract"],
  ["magick", "imagemagick"],
];

/** Needs of the system that only show when the program runs, each with its reason. */
export function needsOfRunning(project: Project): Found<string>[] {
  const needs: Found<string>[] = [];
  const vllm = project.requirements.find((one) => one.name === "vllm");
  if (vllm !== undefined) {
    const says = "asks for vllm, which compiles kernels when it starts";
    needs.push({ value: "runtime-compiler", because: [{ ...vllm.from, says }] });
  }
  if (!project.r) return needs;
  for (const { name, groups, from } of project.requirements) {
    if (groups.length > 0 && !groups.includes("main")) continue;
    for (const [names, wanted] of needsOfR) {
      if (!names.split(" ").includes(name)) continue;
      for (const value of wanted.split(" "))
        if (!needs.some((one) => one.value === value)) needs.push({ value, because: [from] });
    }
  }
  return needs;
}
