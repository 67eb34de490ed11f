import type { Draft, ProjectFiles } from "../../project.ts";
import { depthOf, isBesides, nameOf } from "../reading/base.ts";
import { moduleOf } from "../reading/modules.ts";
import { type PythonFile, pythonFiles } from "../reading/python-files.ts";
import { purposeOf, purposeOfFile } from "./purpose.ts";
import type { Ranked } from "./ranked.ts";

/** Files that run as programs. */
export function filePrograms(files: ProjectFiles, draft: Draft, base: string): Ranked[] {
  const found: Ranked[] = [];
  const topNames = new Set(
    files.list
      .filter(({ path }) => path.startsWith(base) && path.endsWith(".py"))
      .map(({ path }) => (path.slice(base.length).split("/")[0] ?? "").replace(/\.py$/, "")),
  );
  for (const file of pythonFiles(files)) {
    const inside = file.path.startsWith(base) ? file.path.slice(base.length) : undefined;
    if (inside === undefined || isBesides(file.path) || depthOf(inside) > 3) continue;
    const name = nameOf(inside).replace(/\.py$/, "");
    if (name === "__main__") {
      const module = moduleOf(files, file.path).replace(/\.?__main__$/, "");
      if (module !== "")
        found.push({
          purpose: purposeOf(module, "main"),
          command: ["python", "-m", module],
          from: { file: file.path, says: "makes the package a program" },
          rank: 3,
        });
      continue;
    }
    const purpose = purposeOfFile(name);
    const isLoose =
      depthOf(inside) === 0 || !files.has(`${file.path.slice(0, file.path.lastIndexOf("/"))}/__init__.py`);
    const isProgram = file.guardLine !== undefined || (purpose !== undefined && isLoose && isScript(file));
    if (draft.serving?.value.kind === "streamlit" && file.path === draft.serving.value.target) continue;
    if (!isProgram || /^(?:setup|conftest|noxfile|tasks|versioneer|__init__|fabfile|dodo)$/.test(name))
      continue;
    const folder = file.path.slice(0, file.path.lastIndexOf("/"));
    // A file in a folder finds what stands beside that folder only as a module, unless the project is installed.
    const needsRoot =
      !draft.isPackage &&
      [...file.imports.keys()].some((one) => topNames.has(one) && !files.has(`${folder}/${one}.py`));
    const inPackage = inside.includes("/") && (files.has(`${folder}/__init__.py`) || needsRoot);
    const command = inPackage ? ["python", "-m", moduleOf(files, file.path)] : ["python", inside];
    const from = {
      file: file.path,
      says: "runs as a program",
      ...(file.guardLine === undefined ? {} : { line: file.guardLine }),
    };
    const isService = purpose === "serve" && draft.serving === undefined;
    const rank = (purpose === undefined ? 7 : isService ? 6 : 3) + depthOf(inside) * 0.5 + exactness(name);
    found.push({ purpose: isService ? "other" : (purpose ?? "other"), command, from, rank });
  }
  return found;
}

/** A script without a guard: it does something itself. */
function isScript(file: PythonFile): boolean {
  const isNear = !file.path.includes("/") || file.imports.has("argparse");
  return file.apps.length === 0 && isNear && file.imports.size > 0;
}

/** `train.py` comes before `train_tokenizer.py`. */
function exactness(name: string): number {
  return /^(?:train|main|run|app|serve|server|evaluate|eval|predict|inference)$/i.test(name) ? 0 : 0.3;
}
