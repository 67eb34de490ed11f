import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { BasePlan } from "../../bases/plan.ts";
import type { Outcome } from "../command.ts";

/** Prints the Dockerfile (`to` undefined or "-"), or writes it with the base's program into a folder that a builder takes as its context. */
export async function renderBase(plan: BasePlan, to: string | undefined, link: boolean): Promise<Outcome> {
  if (to !== undefined && to !== "-") {
    const { writeBuildContext } = await import("../../bases/build-context.ts");
    const folder = resolve(to);
    await mkdir(folder, { recursive: true });
    const dockerfile = await writeBuildContext(folder, plan, { link });
    return {
      json: { folder, dockerfile, notes: plan.notes },
      summary: [...plan.notes, `${folder} is written; build it with "docker build ${to}"`],
    };
  }
  const { baseDockerfile } = await import("../../bases/dockerfile.ts");
  const dockerfile = baseDockerfile(plan, { link });
  return { json: { dockerfile, notes: plan.notes }, answer: dockerfile, raw: true };
}
