import type { Dockerfile } from "../../dockerfile/document.ts";
import type { LintContext } from "../rule.ts";
import type { PackageCommand, PackageRequest } from "./installs.ts";

/** A Python package that an install asks for, by the command itself or by a file that it reads. */
export interface WantedPackage {
  /** Lower case with dashes. */
  readonly name: string;
  /** `==2.5.1`, `>=2`; "" where anything goes. Markers are left out. */
  readonly version: string;
  /** The requirements file that asks for it; undefined for the command. */
  readonly file: string | undefined;
  /** The word in the Dockerfile; that of the file where a file asks. */
  readonly request: PackageRequest | undefined;
}

const line =
  /^([A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*((?:[=!<>~]=?=?[^;#\s]+(?:\s*,\s*[=!<>~]=?=?[^;#\s]+)*)?)\s*(?:;|#|--|\\|$)/;

/** What a pip or uv pip command wants, requirements files of the build context included as far as they can be found. */
export function wantedPackages(
  file: Dockerfile,
  install: PackageCommand,
  context: LintContext,
): WantedPackage[] {
  const wanted: WantedPackage[] = install.packages.map((request) => ({
    name: request.name,
    version: request.version.replace(/\s*;.*$/s, ""),
    file: undefined,
    request,
  }));
  for (const word of install.files) {
    if (!word.value.endsWith(".txt") && !word.value.endsWith(".in")) continue;
    const path = inContext(file, install, word.value, context);
    if (path !== undefined) wanted.push(...requirements(path, context, 0));
  }
  return wanted;
}

/** The packages of a requirements file and of those that it names with `-r`. */
function requirements(path: string, context: LintContext, depth: number): WantedPackage[] {
  const text = context.read(path);
  if (text === undefined || depth > 5) return [];
  return text.split(/\r?\n/).flatMap((raw): WantedPackage[] => {
    const trimmed = raw.trim();
    const nested = /^(?:-r|--requirement)[ =]\s*(\S+)/.exec(trimmed)?.[1];
    if (nested !== undefined) {
      const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
      return requirements(`${folder}${nested.replace(/^\.\//, "")}`, context, depth + 1);
    }
    const match = line.exec(trimmed);
    if (match?.[1] === undefined) return [];
    const name = match[1].toLowerCase().replace(/[-_.]+/g, "-");
    return [{ name, version: match[2] ?? "", file: path, request: undefined }];
  });
}

/** Where in the build context a path of the image came from: by the COPY that brought it, else by its last part alone. */
function inContext(
  file: Dockerfile,
  install: PackageCommand,
  path: string,
  context: LintContext,
): string | undefined {
  const name = path.split("/").at(-1) ?? path;
  const candidates: string[] = [path.replace(/^\.?\//, "")];
  for (const one of file.instructions) {
    if (one === install.instruction) break;
    if ((one.keyword !== "COPY" && one.keyword !== "ADD") || one.flags.some((flag) => flag.name === "from")) {
      continue;
    }
    const words = one.json?.map((word) => word.value) ?? one.words.map((word) => word.raw);
    for (const source of words.slice(0, -1)) {
      const clean = source.replace(/^\.?\//, "").replace(/\/+$/, "");
      if (clean.split("/").at(-1) === name) candidates.unshift(clean);
      else if (!clean.includes("*"))
        candidates.push(clean === "" || clean === "." ? name : `${clean}/${name}`);
    }
  }
  return candidates.find((one) => context.read(one) !== undefined);
}
