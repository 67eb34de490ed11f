import { isDigest } from "../../oci/digest.ts";
import { DdiffError } from "../../util/errors.ts";

/** The error for reading from an engine as a whole; `label` is the engine's transport and a colon. */
export function nameMissing(label: string): DdiffError {
  return new DdiffError("PLACE_INVALID", `${label} names no image`, {
    hint: `Write ${label}NAME:TAG.`,
    exitStatus: 2,
  });
}

/** A digest names an image by its content: it cannot be given to one. Throws `PLACE_INVALID`. */
export function refuseId(name: string | undefined, label: string): void {
  if (name === undefined || !(isDigest(name) || name.includes("@"))) return;
  throw new DdiffError("PLACE_INVALID", `An image cannot be written to ${label}: that is an ID, not a name`, {
    hint: "Name the target NAME:TAG.",
    exitStatus: 2,
  });
}
