import type { Position, Range } from "../dockerfile/text.ts";
import type { Fix, RuleInfo, Severity } from "./rule.ts";

/** A severity that is reported. */
export type Level = Exclude<Severity, "off">;

/** From the worst. */
export const levels: readonly Level[] = ["error", "warning", "info"];

/** Whether `level` is `least` or worse. */
export function isAtLeast(level: Level, least: Level): boolean {
  return levels.indexOf(level) <= levels.indexOf(least);
}

/** What a rule said about one place of one file. */
export interface Finding {
  readonly rule: RuleInfo;
  readonly severity: Level;
  /** The file as the user names it. */
  readonly path: string;
  readonly at: Range;
  readonly start: Position;
  readonly end: Position;
  readonly message: string;
  /** Bytes, estimated. */
  readonly waste?: number;
  readonly fix?: Fix;
  /** Of another tool's finding, its own id: `SC2086`. */
  readonly code?: string;
  /** The same for the same mistake after lines above it came or went. */
  readonly fingerprint: string;
}

/** A finding that a comment or the baseline silences. */
export interface IgnoredFinding extends Finding {
  readonly by: "comment" | "baseline";
  /** What the comment gives as its reason. */
  readonly reason: string | undefined;
}

/** Orders findings as a reader meets them. */
export function byPlace(a: Finding, b: Finding): number {
  return (
    a.at.start - b.at.start ||
    a.at.end - b.at.end ||
    (a.rule.name < b.rule.name ? -1 : a.rule.name > b.rule.name ? 1 : 0)
  );
}
