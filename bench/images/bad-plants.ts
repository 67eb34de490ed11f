import type { WasteFinding } from "../../src/inspect/analysis.ts";
import type { badImages } from "./bad-images.ts";

type Kinds = readonly WasteFinding["kind"][];

/** A waste that a bad image's Dockerfile plants, and what must be said of it. */
export interface Plant {
  what: string;
  /** The findings that must hold it together. */
  kinds: Kinds;
  risk: WasteFinding["risk"];
  layer: number;
  /** All below this path of the layer. */
  path: string;
  /** Bytes, where the Dockerfile says them; else what tar lists there. */
  size?: number;
  /** Another layer where tar lists the same files: in their own one they may stand under another name. */
  listed?: number;
}

interface Planted {
  plants: readonly Plant[];
  /** Paths that may be called safe, beside the managers' own. */
  safe: RegExp;
  /** The Dockerfile's line of each layer. */
  lines: readonly (number | undefined)[];
}

const hidden: Kinds = ["removed-later", "overwritten", "copied"];
const safe: Kinds = [...hidden, "class"];

function plant(
  what: string,
  kinds: Kinds,
  risk: WasteFinding["risk"],
  layer: number,
  path: string,
  size?: number,
): Plant {
  return { what, kinds, risk, layer, path, ...(size === undefined ? {} : { size }) };
}

const scipy = "opt/conda/lib/python3.11/site-packages/scipy/";

/** What is planted in each of the bad images. */
export const badPlants: Readonly<Record<(typeof badImages)[number], Planted>> = {
  torch: {
    safe: /^(?:var\/cache\/apt\/|root\/\.cache\/pip\/|(?:var\/)?tmp\/|app\/numpy\/|app\/(?:app|serve)\.py$|opt\/model)/,
    lines: [undefined, 3, 4, 5, 6, 7, 9, 12, 14, 15, 16, 17, 18],
    plants: [
      plant("the lists of apt that a later step removes", ["removed-later"], "safe", 1, "var/lib/apt/lists/"),
      plant(
        "what `apt-get update` made and `apt-get install` wrote again, and what is left of it",
        safe,
        "safe",
        1,
        "var/cache/apt/",
      ),
      plant("the packages that apt kept", ["class"], "safe", 2, "var/cache/apt/archives/"),
      plant("numpy, doubled by chown", ["copied"], "safe", 4, "app/numpy/"),
      plant("numpy, beside Debian's", ["duplicate"], "risky", 5, "app/numpy/"),
      plant("pip's cache", ["class"], "safe", 6, "root/.cache/pip/", 45_000_000),
      plant("temporary files", ["class"], "safe", 7, "", 15_000_000),
      plant("a model that is appended to", ["overwritten"], "safe", 8, "opt/model.safetensors", 30_000_000),
      plant("a model that changes its owner", ["copied"], "safe", 9, "opt/model.safetensors", 38_000_000),
      plant("the model's weights", ["class"], "risky", 10, "opt/model.safetensors", 38_000_000),
      plant("a copy beside its original", ["duplicate"], "check", 11, "app/data/", 9_000_000),
    ],
  },
  r: {
    safe: /^(?:var\/cache\/apt\/|(?:var\/)?tmp\/|usr\/local\/lib\/R\/|root\/(?:\.cache\/R\/|cran-index))/,
    lines: [undefined, 3, 5, 7, 8, 10, 11, 12, 13, 14],
    plants: [
      plant("lists of apt that a later step removes", ["removed-later"], "safe", 1, "var/lib/apt/lists/"),
      plant("packages of apt that a later step removes", ["removed-later"], "safe", 1, "var/cache/apt/"),
      plant("R packages, doubled by chmod and chgrp", ["copied"], "safe", 2, "usr/local/lib/R/"),
      plant(
        "R packages, beside Debian's",
        ["second-environment", "duplicate"],
        "risky",
        3,
        "usr/local/lib/R/",
      ),
      plant("R's downloads in a temporary folder", ["removed-later"], "safe", 4, "tmp/", 20_000_000),
      plant("an index that a later step removes", ["removed-later"], "safe", 5, "root/", 6_000_000),
      plant("renv's sources", ["class"], "safe", 7, "root/.cache/R/", 10_000_000),
    ],
  },
  conda: {
    safe: /^(?:opt\/conda\/(?:pkgs|lib\/python3\.11\/site-packages\/scipy)\/|home\/jovyan\/\.cache\/|tmp\/lay-conda)/,
    lines: [undefined, 3, 5, 6, 7, 8, 9, 10],
    plants: [
      plant(
        "conda's archives, and none of the files that an environment shares with its package",
        ["removed-later"],
        "safe",
        3,
        "opt/conda/pkgs/",
        52_000_000,
      ),
      { ...plant("scipy, doubled by chown", ["copied"], "safe", 3, scipy), listed: 5 },
      plant("a second environment", ["second-environment"], "risky", 4, "opt/conda/envs/other/lib/"),
      plant("pip's cache", ["class"], "safe", 7, "home/jovyan/.cache/pip/", 15_000_000),
      plant("conda's index", ["class"], "safe", 7, "home/jovyan/.cache/conda/", 2_000_000),
    ],
  },
};
