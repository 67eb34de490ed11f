import { existsSync } from "node:fs";
import { join } from "node:path";
import { workFolder } from "../images/places.ts";
import type { Peer } from "./peer.ts";

/** containers/tar-diff is in no distribution: its two programs are looked for here, then on the PATH. */
const folder = join(workFolder, "bin");
export const tarDiffFolder = existsSync(join(folder, "tar-diff")) ? folder : undefined;

/** The direct rival: a delta per new layer against all old layers that differ; applied to their unpacked files. */
export const tarDiff: Peer = {
  id: "tar-diff",
  title: "tar-diff",
  programs: ["tar-diff", "tar-patch"],
  prepare: "mkdir tree; for t in $oldTars; do tar -C tree -xf $t; done",
  make: "for t in $newTars; do tar-diff $oldTars $t delta/$(basename $t).tardiff; done",
  apply: "for t in $newTars; do tar-patch delta/$(basename $t).tardiff tree $(basename $t); done",
  verify: "for t in $newTars; do cmp $t $(basename $t); done",
};
