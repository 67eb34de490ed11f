import type { EntryPoint } from "../../project.ts";

/** A program with its place among those of its purpose: the lower, the likelier it is the one. */
export interface Ranked extends EntryPoint {
  readonly rank: number;
}
