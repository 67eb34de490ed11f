import type { Detector, Draft, ProjectFiles } from "../project.ts";
import { declaredPrograms } from "./entry-points/declared.ts";
import { filePrograms } from "./entry-points/file-programs.ts";
import { scriptsOfR } from "./entry-points/of-r.ts";
import { plainCommand, startsProgram } from "./entry-points/plain-command.ts";
import { purposeOf } from "./entry-points/purpose.ts";
import type { Ranked } from "./entry-points/ranked.ts";
import { servingCommand } from "./entry-points/serving-command.ts";
import { taskPrograms } from "./entry-points/tasks.ts";
import { baseOf } from "./reading/base.ts";
import { containerFacts } from "./reading/container-commands.ts";

const most = 60;

/** The programs of the project, the likeliest of each purpose first. */
export const entryPoints: Detector = (files, draft) => {
  const base = baseOf(files);
  const found = new Map<string, Ranked>();
  for (const one of [
    ...servingProgram(files, draft),
    ...declaredPrograms(files, base),
    ...taskPrograms(files, base),
    ...filePrograms(files, draft, base),
    ...imagePrograms(files, draft),
    ...(draft.manager.value === "r" ? scriptsOfR(files, base) : []),
  ]) {
    const command = one.command.join(" ");
    if (command !== "" && !found.has(command)) found.set(command, one);
  }
  draft.entryPoints = [...found.values()]
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ purpose, command, from }) => ({ purpose, command, from }));
};

function servingProgram(files: ProjectFiles, draft: Draft): Ranked[] {
  const command = servingCommand(files, draft);
  const from = draft.serving?.because[0] ?? { file: "", says: "serves" };
  return command === undefined ? [] : [{ purpose: "serve", command, from, rank: 0 }];
}

/** What the project's images start. */
function imagePrograms(files: ProjectFiles, draft: Draft): Ranked[] {
  return containerFacts(files, draft).commands.flatMap(({ words, file, line }): Ranked[] => {
    const plain = plainCommand(words);
    const command = plain && fromProject(files, plain);
    if (command === undefined || !startsProgram(command)) return [];
    const from = { file, line, says: "is the command of the image" };
    return [{ purpose: purposeOf(command.join(" "), ""), command, from, rank: 4 }];
  });
}

/** A command with the path that a script has in the image, as it is in the project; undefined where it is not of the project. */
function fromProject(files: ProjectFiles, command: readonly string[]): readonly string[] | undefined {
  const [program = "", script = ""] = command;
  if (!/^\/.*\.(?:py|R|r)$/.test(script)) return command;
  const base = baseOf(files);
  const parts = script.split("/").slice(1);
  const inside = parts
    .map((_, at) => parts.slice(at).join("/"))
    .flatMap((one) => [one, ...files.list.map(({ path }) => path).filter((path) => path.endsWith(`/${one}`))])
    .find((one) => files.has(base + one) || (one.startsWith(base) && files.has(one)));
  if (inside === undefined) return undefined;
  return [program, files.has(base + inside) ? inside : inside.slice(base.length), ...command.slice(2)];
}
