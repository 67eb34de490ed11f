import type { Draft, ProjectFiles } from "../../project.ts";
import { baseOf, depthOf, isBesides, nameOf } from "../reading/base.ts";
import { type PythonFile, pythonFiles } from "../reading/python-files.ts";
import { importedNames, moduleOf } from "../reading/modules.ts";
import { readmeFacts } from "../reading/readme.ts";
import { programCommand } from "./program-command.ts";
import { purposeOf, purposeOfFile } from "./purpose.ts";
import type { Ranked } from "./ranked.ts";

/** Files that run as programs. */
export function filePrograms(files: ProjectFiles, draft: Draft, base: string): Ranked[] {
  const found: Ranked[] = [];
  const told = (file: PythonFile): number => toldRank(files, file, base);
  // Scripts in the folders of a library measure and convert; its users write the programs.
  const isLibrary = draft.serving === undefined && readmeFacts(files).packages.has(draft.name);
  for (const file of pythonFiles(files)) {
    const inside = file.path.startsWith(base) ? file.path.slice(base.length) : undefined;
    if (inside === undefined || isBesides(file.path) || depthOf(inside) > 3) continue;
    const name = nameOf(inside).replace(/\.py$/, "");
    if (name === "__main__") {
      const command = programCommand(files, draft, file);
      if (command[1] === "-m")
        found.push({
          purpose: purposeOf(command[2] ?? "", "main"),
          command,
          from: { file: file.path, says: "makes the package a program" },
          rank: 3 + told(file),
        });
      continue;
    }
    const purpose = purposeOfFile(name);
    const isLoose =
      depthOf(inside) === 0 || !files.has(`${file.path.slice(0, file.path.lastIndexOf("/"))}/__init__.py`);
    // What the README runs is a program, whatever its name and however it starts.
    const isTold = told(file) < 0 && file.imports.size > 0;
    const isProgram =
      file.guardLine !== undefined ||
      isTold ||
      (purpose !== undefined && isLoose && isScript(files, file, name));
    if (draft.serving?.value.kind === "streamlit" && file.path === draft.serving.value.target) continue;
    if (!isProgram || /^(?:setup|conftest|noxfile|tasks|versioneer|__init__|fabfile|dodo)$/.test(name))
      continue;
    const from = {
      file: file.path,
      says: "runs as a program",
      ...(file.guardLine === undefined ? {} : { line: file.guardLine }),
    };
    const isService = purpose === "serve" && draft.serving === undefined;
    const rank =
      (purpose === undefined ? 7 : isService ? 6 : 3) +
      depthOf(inside) * 0.5 +
      exactness(name) +
      told(file) +
      aside(files, draft, inside, name);
    const command = programCommand(files, draft, file);
    const isOwn = !isLibrary || depthOf(inside) === 0 || told(file) < 0;
    found.push({ purpose: isService || !isOwn ? "other" : (purpose ?? "other"), command, from, rank });
  }
  return found;
}

/** A script without a guard: it does something itself, and nothing else imports it. */
function isScript(files: ProjectFiles, file: PythonFile, name: string): boolean {
  const isNear = !file.path.includes("/") || file.imports.has("argparse");
  return file.apps.length === 0 && isNear && file.imports.size > 0 && !importedNames(files).has(name);
}

/** How much a program stands aside of what the project is for: it prepares something, starts containers, tries out a part of a library. */
function aside(files: ProjectFiles, draft: Draft, inside: string, name: string): number {
  const prepares =
    /download|prepare|preprocess|convert|export|clean|install|setup|migrat|upload|release/i.test(name);
  const startsContainers = /(?:^|\/)(?:docker|containers?|deploy(?:ment)?|infra|ci)\//i.test(inside);
  const folder = baseOf(files) + inside.slice(0, inside.lastIndexOf("/"));
  const [top = ""] = moduleOf(files, baseOf(files) + inside).split(".");
  const isPart = draft.isPackage && files.has(`${folder}/__init__.py`) && importedNames(files).has(top);
  return Number(prepares) + 2 * Number(startsContainers) + 2 * Number(isPart);
}

/** How much nearer to the first a program comes that the README runs, those that it runs first most of all. */
function toldRank(files: ProjectFiles, file: PythonFile, base: string): number {
  const { programs } = readmeFacts(files);
  const inside = file.path.slice(base.length);
  const module = inside.replace(/(?:\/__main__)?\.py$/, "").replaceAll("/", ".");
  const orders = [...programs]
    .filter(([one]) =>
      one.endsWith(".py")
        ? one === inside || inside.endsWith(`/${one}`) || one.endsWith(`/${inside}`)
        : one === module || module.endsWith(`.${one}`),
    )
    .map(([, order]) => order);
  return orders.length === 0 ? 0 : -0.7 + Math.min(...orders) * 0.001;
}

/** `train.py` comes before `train_tokenizer.py`. */
function exactness(name: string): number {
  return /^(?:train|main|run|app|serve|server|evaluate|eval|predict|inference)$/i.test(name) ? 0 : 0.3;
}
