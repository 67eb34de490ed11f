import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Expected, Judged } from "./judge.ts";

/** The repositories that the detectors were mended by, and the two halves of those that were read before they were ever detected. */
export const sets = ["tuned", "half-a", "half-b"] as const;
/** One of the sets. */
export type SetName = (typeof sets)[number];

/** A repository with what was read in it, before it was detected. */
export interface Read {
  readonly repository: string;
  readonly commit: string;
  readonly kind: string;
  readonly expected: Expected;
  /** What was not right when it was detected for the first time, by rules that had never seen it. */
  readonly atFirst?: readonly string[];
  /** Why it is not right now, or what of the expectation was corrected after it was detected. */
  readonly note?: string;
}

/** A repository that was read and detected. */
export interface Compared extends Read, Judged {}

/** The repositories of a set. */
export function expectationsOf(set: SetName): Read[] {
  const path = join(import.meta.dirname, "expectations", `${set}.json`);
  return JSON.parse(readFileSync(path, "utf8")) as Read[];
}
