import type { Peer } from "./peer.ts";

const load = "$node $repository/dist/ddiff.js load --quiet delta/image.ddiff --to oci:fresh:new";

function ddiffPeer(id: string, title: string, option: string): Peer {
  return {
    id,
    title,
    programs: [],
    // Each run with an empty cache: the recipe cache would make a second diff faster than the first.
    prepare: "mkdir fresh; cp -r $oldLayout/. fresh",
    make: `export XDG_CACHE_HOME=$PWD/cache; $node $repository/dist/ddiff.js diff --quiet ${option} oci:$oldLayout:old oci:$newLayout:new -o delta/image.ddiff`,
    apply: `export XDG_CACHE_HOME=$PWD/cache2; ${load}`,
    // Layers may be packed anew, so the image ID (the config's digest) and every layer's content decide.
    verify:
      "skopeo copy -q oci:fresh:new dir:loaded; skopeo copy -q oci:$newLayout:new dir:wanted; $node $repository/bench/same-image.ts loaded wanted",
  };
}

export const ddiffPeers: readonly Peer[] = [
  ddiffPeer("ddiff", "**ddiff**", ""),
  ddiffPeer("ddiff-fast", "ddiff --fast", "--fast"),
  ddiffPeer("ddiff-max", "ddiff --max-effort", "--max-effort"),
];
