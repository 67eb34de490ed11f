import type { BasePlan } from "./plan.ts";

/** The tag of a base that is built on a day (`251205`): `cu12.4.1-py3.10-torch-251205`, `cpu-py3.10-torch-251205`. */
export function baseTag({ definition, pythons }: BasePlan, day: string): string {
  const hardware = definition.cuda === "cpu" ? "cpu" : `cu${definition.cuda}`;
  return `${hardware}-${pythons.map(({ version }) => `py${version}`).join("-")}-torch-${day}`;
}

/** A day as it stands in tags, in UTC: `251205`. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(2, 10).replaceAll("-", "");
}
