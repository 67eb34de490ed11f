import { ddiffPeers } from "./ddiff.ts";
import { bsdiff, casync, xdelta3, zstdPatches } from "./file-deltas.ts";
import type { Peer } from "./peer.ts";
import { tarDiff, tarDiffPacked } from "./tar-diff.ts";
import { dockerSave, original, skopeo } from "./whole-layers.ts";

/** Every tool of the bench, in the table's order. */
export const peers: readonly Peer[] = [
  dockerSave,
  original,
  skopeo,
  casync,
  xdelta3,
  bsdiff,
  ...zstdPatches,
  tarDiff,
  tarDiffPacked,
  ...ddiffPeers,
];
