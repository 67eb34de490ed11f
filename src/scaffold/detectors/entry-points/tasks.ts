import type { ProjectFiles } from "../../project.ts";
import { evidence, pairsAt, readToml, textAt } from "../reading/parsed.ts";
import { isBesides } from "../reading/base.ts";
import { plainCommand, startsProgram } from "./plain-command.ts";
import { purposeOf } from "./purpose.ts";
import type { Ranked } from "./ranked.ts";

/** Tasks of pixi, pdm, poe that are a plain command, with their words. */
export function taskPrograms(files: ProjectFiles, base: string): Ranked[] {
  const found: Ranked[] = [];
  const pyproject = readToml(files, `${base}pyproject.toml`);
  const pixi = readToml(files, `${base}pixi.toml`);
  const lists = [
    [`${base}pixi.toml`, pairsAt(pixi, "tasks")],
    ...pairsAt(pixi, "feature").map(
      ([, feature]) => [`${base}pixi.toml`, pairsAt(feature, "tasks")] as const,
    ),
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "pixi", "tasks")],
    ...pairsAt(pyproject, "tool", "pixi", "feature").map(
      ([, feature]) => [`${base}pyproject.toml`, pairsAt(feature, "tasks")] as const,
    ),
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "pdm", "scripts")],
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "poe", "tasks")],
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "hatch", "envs", "default", "scripts")],
  ] as const;
  for (const [file, list] of lists) {
    for (const [name, value] of list) {
      const text = typeof value === "string" ? value : (textAt(value, "cmd") ?? textAt(value, "shell") ?? "");
      const plain = plainCommand(text.trim().split(/\s+/));
      const command = plain && fromFolder(plain, textAt(value, "cwd"));
      const isProgram =
        command !== undefined && startsProgram(command) && !command.some((word) => isBesides(word));
      if (isProgram)
        found.push({
          purpose: purposeOf(name, text),
          command,
          from: evidence(files, file, `is the task ${name}`, name, "="),
          rank: 2,
        });
    }
  }
  return found;
}

/** A command that runs in another folder, as it runs from the project's. */
function fromFolder(command: readonly string[], folder: string | undefined): readonly string[] {
  const plain = folder?.replace(/^\.\/|\/$/g, "") ?? "";
  if (plain === "" || plain === "." || plain.startsWith("/")) return command;
  return command.map((word, at) => (at === 1 && /^[\w./-]+\.py$/.test(word) ? `${plain}/${word}` : word));
}
