import { compareVersions } from "../catalog/versions.ts";
import type { Definition } from "./definition.ts";
import { chooseImage, type SystemImage } from "./choose-image.ts";
import { chooseTorch, type PlannedTorch } from "./choose-torch.ts";
import { checkPackages } from "./check-packages.ts";
import { type Problem, refusal } from "./problem.ts";
import type { ReadDefinition } from "./read-definition.ts";

/** A base with all that its definition leaves open decided. */
export interface BasePlan extends SystemImage {
  readonly definition: Definition;
  /** Oldest first. */
  readonly pythons: readonly { readonly version: string; readonly isSystems: boolean }[];
  /** Oldest first. */
  readonly torches: readonly PlannedTorch[];
  /** Sentences about what the catalogue does not know. */
  readonly notes: readonly string[];
}

/**
 * Decides what a definition leaves open, from the catalogue. The same definition gives the same plan, whatever the order of its lists is. Throws
 * `IMPOSSIBLE`, which says why, and what the nearest is that goes.
 */
export function planBase(read: ReadDefinition): BasePlan {
  const { definition } = read;
  const refuse = (problem: Problem): never => {
    throw refusal(problem, read);
  };
  const notes: string[] = [];
  const system = chooseImage(definition, refuse, notes);
  checkPackages(definition, system.release, refuse);
  const pythons = [...definition.python].sort(compareVersions);
  checkTwice(pythons, ["python"], "Python", refuse);
  checkTwice(
    definition.torch.map(({ version }) => version),
    ["torch"],
    "torch",
    refuse,
  );
  const torches = definition.torch
    .map((wanted, at) => chooseTorch(wanted, ["torch", String(at)], definition, refuse, notes))
    .sort((one, other) => compareVersions(one.version, other.version));
  return {
    ...system,
    definition,
    pythons: pythons.map((version) => ({ version, isSystems: version === system.ownPython })),
    torches,
    notes,
  };
}

function checkTwice(
  values: readonly string[],
  path: readonly string[],
  name: string,
  refuse: (problem: Problem) => never,
): void {
  const twice = values.find((value, at) => values.indexOf(value) !== at);
  if (twice === undefined) return;
  refuse({ path, why: `${name} ${twice} is named twice`, nearest: "Name it once." });
}
