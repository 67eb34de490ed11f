import { type CheckKind, type CheckResult, titleOf } from "./result.ts";

/** What a checklist said of one image. */
export interface CheckReport {
  image: string;
  /** `linux/arm64`. */
  platform: string;
  /** What ran the commands: `docker`, `podman`, `rootless`; `none` where the image was only looked at. */
  runner: string;
  /** What the reader should know of how it was run. */
  notes: string[];
  /** In the order of the checklist. */
  results: CheckResult[];
}

/** Something that worked in one image and no longer does in the other. */
interface LostCheck {
  /** As `titleOf` says it. */
  title: string;
  kind: CheckKind;
  name: string;
  /** What fails now and did not before; for a check that was left out, why it was. */
  why: string[];
  /** What it wrote to its error output now, as far as that is kept. */
  stderr: string;
}

/** Two images by one checklist. */
export interface CheckComparison {
  /** Worked before and no longer does. Empty: the second image does all that the first one did. */
  lost: LostCheck[];
  /** Titles of what failed before and works now. */
  gained: string[];
  /** Checks that passed in both. */
  kept: number;
  /** Titles of checks that failed in both in the same way, or ran in neither. */
  never: string[];
}

/** Their failures are one sentence a thing, the same in every image: what is new among them is lost, whatever else fails. */
const countedByThing: ReadonlySet<CheckKind> = new Set(["owner", "link", "library", "writable", "metadata"]);

/**
 * Compares what one checklist said of two images. What passed before and was left out after counts as lost, for nobody has seen it work.
 */
export function compareChecks(before: CheckReport, after: CheckReport): CheckComparison {
  const found = new Map(after.results.map((result) => [titleOf(result), result]));
  const comparison: CheckComparison = { lost: [], gained: [], kept: 0, never: [] };
  for (const old of before.results) {
    const title = titleOf(old);
    const now = found.get(title);
    const why = lossOf(old, now);
    if (why.length > 0)
      comparison.lost.push({ title, kind: old.kind, name: old.name, why, stderr: now?.stderr ?? "" });
    else if (now?.outcome === "passed" && old.outcome === "failed") comparison.gained.push(title);
    else if (now?.outcome === "passed" && old.outcome === "passed") comparison.kept += 1;
    else comparison.never.push(title);
  }
  return comparison;
}

/** What fails now and did not before; nothing where all that worked still does. */
function lossOf(old: CheckResult, now: CheckResult | undefined): string[] {
  if (old.outcome === "skipped") return [];
  if (old.outcome === "passed") {
    if (now === undefined) return ["it was not looked at again"];
    if (now.outcome === "skipped") return [`it was left out: ${now.reason}`];
  }
  if (now === undefined) return [];
  if (!countedByThing.has(old.kind)) return old.outcome === "passed" ? now.failures : [];
  // What was found beyond doubt and is now doubtful is lost too: a library that only a file of another name still has.
  const known = new Set([...old.failures, ...old.doubts]);
  return [...now.failures, ...now.doubts].filter((sentence) => !known.has(sentence));
}
