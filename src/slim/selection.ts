import type { Analysis, FileReport, WasteFinding } from "../inspect/analysis.ts";
import { classes } from "../inspect/classes/list.ts";
import { DdiffError } from "../util/errors.ts";
import { lostLinks } from "./lost-links.ts";
import { nearest } from "../util/nearest.ts";

/** What of the waste goes. */
export interface Selection {
  /** Paths of visible files that go. */
  dropped: ReadonlySet<string>;
  /** The findings that are done away with, largest first. */
  done: WasteFinding[];
  /** Findings that stay and could go by name. */
  left: WasteFinding[];
}

/** Hidden by a later layer: whatever happens, it is not in the new image. */
const hiddenKinds: ReadonlySet<WasteFinding["kind"]> = new Set(["removed-later", "overwritten", "copied"]);

/**
 * Chooses what goes: what is hidden, classes that are safe, and the classes named in `drop`, less those named in `keep`.
 * Only classes can be named: duplicates and second copies are for the Dockerfile's author to decide. Throws `CLASS_UNKNOWN`.
 */
export function selectWaste(
  analysis: Pick<Analysis, "findings" | "files" | "classes">,
  drop: readonly string[],
  keep: readonly string[],
): Selection {
  for (const name of [...drop, ...keep]) refuseUnknown(name);
  const named = new Set(drop);
  const kept = new Set(keep);
  const goes = ({ class: one }: FileReport): boolean =>
    one !== undefined && !kept.has(one.name) && (one.risk === "safe" || named.has(one.name));
  const dropped = new Set(analysis.files.filter(goes).map(({ path }) => path));
  for (const link of lostLinks(analysis.files, dropped)) dropped.add(link);
  const isDone = (finding: WasteFinding): boolean =>
    hiddenKinds.has(finding.kind) ||
    (finding.kind === "class" &&
      !kept.has(finding.name) &&
      (finding.risk === "safe" || named.has(finding.name)));
  return {
    dropped,
    done: analysis.findings.filter(isDone),
    left: analysis.findings.filter((finding) => !isDone(finding)),
  };
}

function refuseUnknown(name: string): void {
  if (classes.has(name)) return;
  const known = [...classes.keys()];
  const near = nearest(name, known);
  throw new DdiffError("CLASS_UNKNOWN", `there is no class ${JSON.stringify(name)}`, {
    hint:
      near === undefined
        ? `The classes are ${known.join(", ")}.`
        : `Did you mean ${near}? The classes are ${known.join(", ")}.`,
    exitStatus: 2,
  });
}
