import type { Draft, ProjectFiles, Requirement } from "../../project.ts";
import { normalName } from "../../requirements.ts";
import { containerFacts } from "./container-commands.ts";
import { readmeFacts } from "./readme.ts";
import { forRunning } from "./wish-list.ts";

/** Extras and lists that are installed because of what they are for: a kind of hardware, serving, training. */
const usual =
  /(?:^|[-_.])(?:cpu|gpu|cuda[\d.]*|cu\d+)(?:$|[-_.])|^(?:prod(?:uction)?|serv(?:e|ing|er)|api|infer(?:ence)?|train(?:ing|er)?|runtime)$/i;

/**
 * The packages that an installation as the project means it has: what always is installed, and of its extras and further lists those
 * that its name or the first command of its README or a Dockerfile chooses.
 */
export function installed(files: ProjectFiles, draft: Draft): Requirement[] {
  const running = forRunning(draft.requirements);
  const told = new Set(
    [...readmeFacts(files).extras, ...containerFacts(files, draft).extras].map(normalName),
  );
  const optional = new Set([
    ...(draft.extras ?? []),
    ...draft.requirementFiles.map(({ group }) => group).filter((group) => group !== "main"),
  ]);
  // CuPy in an extra makes something faster that works without it.
  return running.filter(({ name, groups }) =>
    groups.some(
      (one) =>
        !optional.has(one) || told.has(normalName(one)) || (usual.test(one) && !name.startsWith("cupy")),
    ),
  );
}
