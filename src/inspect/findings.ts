import type { Copies, FileReport, WasteFinding } from "./analysis.ts";
import type { Classifier } from "./classes.ts";
import { classedContents, findByClass } from "./findings/by-class.ts";
import { findDuplicates } from "./findings/duplicates.ts";
import { findHidden } from "./findings/hidden.ts";
import { findSecondCopies, findSecondEnvironments } from "./findings/second.ts";
import { Ledger } from "./findings/ledger.ts";
import type { ImageView } from "./image-view.ts";

/**
 * All waste, largest first. One finding is one thing to change, and every byte is in one finding at most: what is surest comes
 * first, and whole trees before the tests and byte code in them.
 */
export function findWaste(
  view: ImageView,
  files: readonly FileReport[],
  copies: readonly Copies[],
  classOf: Classifier,
): WasteFinding[] {
  const ledger = new Ledger();
  const contents = classedContents(files);
  return [
    ...findHidden(view, classOf, ledger),
    ...findByClass(contents, ({ risk }) => risk === "safe", ledger),
    ...findSecondEnvironments(files, ledger),
    ...findSecondCopies(files, copies, ledger),
    ...findDuplicates(files, ledger),
    ...findByClass(contents, ({ risk }) => risk !== "safe", ledger),
  ].sort((one, other) => other.bytes - one.bytes);
}
