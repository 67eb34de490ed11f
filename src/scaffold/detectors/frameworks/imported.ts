import type { Draft, Evidence, FrameworkName, ProjectFiles } from "../../project.ts";
import { isBesides } from "../reading/base.ts";
import { pythonFiles } from "../reading/python-files.ts";
import { forRunning } from "../reading/wish-list.ts";
import { frameworkOf, impliedBy, modules } from "./known.ts";

/** A framework that the code imports but nobody asks for: it has to be installed by hand, as many a README says. */
export function addImported(
  files: ProjectFiles,
  draft: Draft,
  found: ReadonlyMap<FrameworkName, Evidence[]>,
  add: (name: FrameworkName, from: Evidence) => void,
): void {
  const programs = pythonFiles(files).filter(({ path }) => !isBesides(path));
  const asked = new Set(draft.requirements.map(({ name }) => frameworkOf[name] ?? impliedBy.get(name)));
  const hasOther = found.size > 0;
  const isListed = forRunning(draft.requirements).length > 0;
  const usersOf = new Map(
    modules.map(([module]) => [module, programs.filter((one) => one.imports.get(module)?.top === true)]),
  );
  const most = Math.max(...[...usersOf.values()].map((users) => users.length));
  for (const [module, framework] of modules) {
    if (found.has(framework) || asked.has(framework)) continue;
    if (framework === "onnxruntime" && found.has("onnxruntime-gpu")) continue;
    const users = usersOf.get(module) ?? [];
    const [first] = users;
    // Beside a framework that is asked for, or that nearly all of the code uses, a few imports are bridges and converters.
    const isMain =
      hasOther || (isListed && users.length * 10 < programs.length)
        ? users.length >= 3 && users.length * 3 > programs.length
        : users.length * 10 > most;
    if (first !== undefined && isMain)
      add(framework, {
        file: first.path,
        line: first.imports.get(module)?.line ?? 1,
        says: `imports ${module}`,
      });
  }
  if (found.size === 0 && programs.length <= 3) addFromNotebooks(files, draft, add);
}

function addFromNotebooks(
  files: ProjectFiles,
  draft: Draft,
  add: (name: FrameworkName, from: Evidence) => void,
): void {
  for (const path of draft.notebooks.filter((one) => one.endsWith(".ipynb")).slice(0, 100)) {
    const text = files.read(path) ?? "";
    for (const [module, framework] of modules) {
      if (framework === "tensorrt" || framework === "vllm") continue;
      if (text.includes(`"import ${module}`) || text.includes(`"from ${module}`))
        add(framework, { file: path, says: `imports ${module}` });
    }
  }
}
