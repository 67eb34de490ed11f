import type { BasePlan } from "../../bases/plan.ts";
import type { Outcome } from "../command.ts";

/** Prints the Dockerfile. */
export async function printDockerfile(plan: BasePlan, link: boolean): Promise<Outcome> {
  const { baseDockerfile } = await import("../../bases/dockerfile.ts");
  const dockerfile = baseDockerfile(plan, { link });
  return { json: { dockerfile, notes: plan.notes }, answer: dockerfile, raw: true };
}
