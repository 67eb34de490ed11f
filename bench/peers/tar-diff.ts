import { existsSync } from "node:fs";
import { join } from "node:path";
import { workFolder } from "../images/places.ts";
import type { Peer } from "./peer.ts";

/** containers/tar-diff is in no distribution: its two programs are looked for here, then on the PATH. */
const folder = join(workFolder, "bin");
export const tarDiffFolder = existsSync(join(folder, "tar-diff")) ? folder : undefined;

const apply = "for t in $newTars; do tar-patch delta/$(basename $t).tardiff tree $(basename $t); done";
const unpack = "mkdir tree; for t in $oldTars; do tar -C tree -xf $t; done";
const verify = "for t in $newTars; do cmp $t $(basename $t); done";

/** The direct rival: a delta per new layer against all old layers that differ; applied to their unpacked files. */
export const tarDiff: Peer = {
  id: "tar-diff",
  title: "tar-diff",
  programs: ["tar-diff", "tar-patch"],
  prepare: unpack,
  make: "for t in $newTars; do tar-diff $oldTars $t delta/$(basename $t).tardiff; done",
  apply,
  verify,
};

/** The same on the layers as they lie in a layout or a registry: what `ddiff diff` starts from. */
export const tarDiffPacked: Peer = {
  ...tarDiff,
  id: "tar-diff-packed",
  title: "tar-diff, from the packed layers",
  make: "set -- $newTars; for p in $newPacked; do tar-diff $oldPacked $p delta/$(basename $1).tardiff; shift; done",
};
