import { open, readFile } from "node:fs/promises";
import type { BasePlan } from "../../bases/plan.ts";
import { DdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
import type { Outcome } from "../command.ts";

/** The definition's name where nobody says another. */
export const definitionName = "base.yaml";

/** Reads and plans a definition. Throws `DEFINITION_MISSING`, `BASE_INVALID`, `IMPOSSIBLE`. */
export async function readPlan(file: string): Promise<BasePlan> {
  const [{ readDefinition }, { planBase }] = await Promise.all([
    import("../../bases/read-definition.ts"),
    import("../../bases/plan.ts"),
  ]);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const missing = systemErrorCode(cause) === "ENOENT";
    throw new DdiffError(
      "DEFINITION_MISSING",
      missing ? `there is no ${file}` : `${file} cannot be read: ${messageOf(cause)}`,
      { hint: '"ddiff base init" writes one.', cause },
    );
  }
  return planBase(readDefinition(text, file));
}

/** Writes a definition to begin with. Throws `DEFINITION_EXISTS`. */
export async function writeDefinition(file: string, cpu: boolean): Promise<Outcome> {
  const { cpuDefinition, gpuDefinition } = await import("../../bases/examples.ts");
  const text = cpu ? cpuDefinition : gpuDefinition;
  try {
    // "wx": nothing of somebody else's is overwritten.
    const handle = await open(file, "wx");
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (systemErrorCode(cause) !== "EEXIST") throw cause;
    throw new DdiffError("DEFINITION_EXISTS", `${file} is there already`, {
      hint: "Change it, or name another file.",
      cause,
    });
  }
  return { json: { file }, summary: [`${file} written; "ddiff base build" builds it`] };
}
