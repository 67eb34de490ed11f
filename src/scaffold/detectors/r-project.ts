import type { Detector, ProjectFiles } from "../project.ts";
import { readLocked } from "../requirements-locked.ts";
import { baseOf } from "./reading/base.ts";

/** R: DESCRIPTION, renv.lock, install.R, Shiny's app.R, or more R than Python. */
export const rProject: Detector = (files, draft) => {
  const base = baseOf(files);
  const described = readDescription(files, `${base}DESCRIPTION`);
  const installs = ["install.R", "install.r", "requirements.R"]
    .map((name) => base + name)
    .find((path) => files.has(path));
  const shiny = ["app.R", "server.R"].map((name) => base + name).find((path) => files.has(path));
  const count = (pattern: RegExp): number => files.list.filter(({ path }) => pattern.test(path)).length;
  const isMostlyR = count(/\.(?:R|r|Rmd|qmd)$/) > count(/\.(?:py|ipynb)$/);
  draft.r =
    isMostlyR &&
    (described !== undefined ||
      files.has(`${base}renv.lock`) ||
      installs !== undefined ||
      shiny !== undefined ||
      count(/\.[Rr]$/) > 0);
  if (!draft.r && !files.has(`${base}renv.lock`) && installs === undefined) return;
  draft.r = true;
  const locked = files.has(`${base}renv.lock`)
    ? readLocked(files, `${base}renv.lock`)
    : new Map<string, never>();
  const add = (name: string, version: string, group: string, file: string): void => {
    if (draft.requirements.some((one) => one.name === name.toLowerCase())) return;
    const exact = locked.get(name.toLowerCase())?.[0]?.version;
    draft.requirements.push({
      name: name.toLowerCase(),
      version: exact === undefined ? version : `==${exact}`,
      extras: [],
      groups: [group],
      from: { file, says: `asks for ${name}` },
    });
  };
  for (const [key, group] of [
    ["Depends", "main"],
    ["Imports", "main"],
    ["LinkingTo", "main"],
    ["Suggests", "test"],
  ] as const) {
    for (const one of described?.get(key)?.split(",") ?? []) {
      const match = /^\s*([A-Za-z][\w.]*)\s*(?:\(\s*([<>=]+\s*[\w.-]+)\s*\))?/.exec(one);
      if (match?.[1] !== undefined && match[1] !== "R")
        add(match[1], (match[2] ?? "").replace(/\s+/g, ""), group, `${base}DESCRIPTION`);
    }
  }
  if (installs !== undefined) {
    for (const match of (files.read(installs) ?? "")
      .slice(0, 100_000)
      .matchAll(/["']([A-Za-z][\w.]{1,60})["']/g))
      if (!/^(?:http|CRAN|source|binary)/.test(match[1] ?? "")) add(match[1] ?? "", "", "main", installs);
  }
  for (const [name, versions] of locked) {
    const [first] = versions;
    if (described === undefined && first !== undefined)
      add(name, `==${first.version}`, "main", `${base}renv.lock`);
  }
};

/** The fields of a DESCRIPTION; undefined where there is none, or one that is not of R. */
export function readDescription(files: ProjectFiles, path: string): ReadonlyMap<string, string> | undefined {
  const text = files.read(path);
  if (text === undefined) return undefined;
  const fields = new Map<string, string>();
  let key: string | undefined;
  for (const raw of text.slice(0, 256 * 1024).split(/\r?\n/)) {
    const pair = /^([A-Za-z][\w/@.-]*):\s*(.*)$/.exec(raw);
    if (pair !== null) fields.set((key = pair[1] ?? ""), pair[2] ?? "");
    else if (key !== undefined && /^\s/.test(raw)) fields.set(key, `${fields.get(key)} ${raw.trim()}`.trim());
  }
  return fields.has("Package") || fields.has("Type") || fields.has("Imports") ? fields : undefined;
}
