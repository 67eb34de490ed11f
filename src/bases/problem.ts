import { impossible } from "../scaffold/impossible.ts";
import type { DdiffError } from "../util/errors.ts";
import { linePrefix } from "../util/yaml-origins.ts";
import type { ReadDefinition } from "./read-definition.ts";

/** Something in a definition that cannot be. */
export interface Problem {
  /** Where it stands: `["torch", "2"]`. */
  readonly path: readonly string[];
  /** What excludes what, half a sentence. */
  readonly why: string;
  /** The nearest that can be, a sentence. */
  readonly nearest: string;
}

/** Throws. */
export type Refuse = (problem: Problem) => never;

/** `IMPOSSIBLE`, with the line. */
export function refusal({ path, why, nearest }: Problem, { file, origins }: ReadDefinition): DdiffError {
  return impossible(`${file}: ${linePrefix(path, origins)}${why}`, nearest);
}
