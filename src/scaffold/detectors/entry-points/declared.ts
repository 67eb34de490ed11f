import type { Evidence, ProjectFiles } from "../../project.ts";
import { evidence, pairsAt, readToml, textAt } from "../reading/parsed.ts";
import { readSetup } from "../reading/setup-file.ts";
import { readIni } from "../reading/wishes-files.ts";
import { purposeOf } from "./purpose.ts";
import type { Ranked } from "./ranked.ts";

/** Commands that installing the project makes: `[project.scripts]`, poetry's and setup.py's. */
export function declaredPrograms(files: ProjectFiles, base: string): Ranked[] {
  const pyproject = readToml(files, `${base}pyproject.toml`);
  const found: Ranked[] = [];
  const add = (name: string, from: Evidence): void =>
    void found.push({ purpose: purposeOf(name, from.says), command: [name], from, rank: 1 });
  for (const keys of [
    ["project", "scripts"],
    ["tool", "poetry", "scripts"],
  ] as const) {
    for (const [name, value] of pairsAt(pyproject, ...keys)) {
      const target =
        typeof value === "string" ? value : (textAt(value, "reference") ?? textAt(value, "callable") ?? "");
      add(name, evidence(files, `${base}pyproject.toml`, `runs ${target}`, name, "="));
    }
  }
  for (const { text, line } of readSetup(files, `${base}setup.py`)?.scripts ?? []) {
    const [name = "", target = ""] = text.split("=").map((part) => part.trim());
    add(name, { file: `${base}setup.py`, line, says: `runs ${target}` });
  }
  for (const { section, key, values } of readIni(files.read(`${base}setup.cfg`) ?? "")) {
    if (section !== "options.entry_points" || key !== "console_scripts") continue;
    for (const text of values) {
      const [name = "", target = ""] = text.split("=").map((part) => part.trim());
      add(name, { file: `${base}setup.cfg`, says: `runs ${target}` });
    }
  }
  return found;
}
