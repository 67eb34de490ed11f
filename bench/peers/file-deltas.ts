import { freemem } from "node:os";
import { statSync } from "node:fs";
import type { Input } from "../inputs.ts";
import type { Peer } from "./peer.ts";

const sameTar = "cmp $new out.tar";
const gigabyte = 1e9;

function zstdPatch(level: 3 | 9 | 19): Peer {
  return {
    id: `zstd-${level}`,
    title: `zstd -${level} --patch-from`,
    programs: ["zstd"],
    // The old file is a dictionary there, and those end at 2 GiB.
    unfit: ({ oldAll }) =>
      statSync(oldAll).size >= 2 ** 31 ? "old layers over 2 GiB, its limit" : undefined,
    make: `zstd -${level} -q --long=31 --patch-from=$old $new -o delta/patch.zst`,
    apply: "zstd -d -q --long=31 --memory=2048MB --patch-from=$old delta/patch.zst -o out.tar",
    verify: sameTar,
  };
}

export const zstdPatches: readonly Peer[] = [zstdPatch(3), zstdPatch(9), zstdPatch(19)];

export const xdelta3: Peer = {
  id: "xdelta3",
  title: "xdelta3 -9 -S lzma",
  programs: ["xdelta3"],
  unfit: ({ oldAll }) => (statSync(oldAll).size >= 2 ** 31 ? "old layers over 2 GiB, its limit" : undefined),
  make: "xdelta3 -e -q -9 -S lzma -B $(stat -c %s $old) -s $old $new delta/patch.vcdiff",
  apply: "xdelta3 -d -q -B $(stat -c %s $old) -s $old delta/patch.vcdiff out.tar",
  verify: sameTar,
};

export const bsdiff: Peer = {
  id: "bsdiff",
  title: "bsdiff",
  programs: ["bsdiff", "bspatch"],
  unfit(input: Input) {
    const needed = 17 * statSync(input.oldAll).size + statSync(input.newAll).size;
    const why = `needs ${(needed / gigabyte).toFixed(1)} GB of memory`;
    return needed > 0.7 * freemem() ? why : undefined;
  },
  make: "bsdiff $old $new delta/patch.bsdiff",
  apply: "bspatch $old out.tar delta/patch.bsdiff",
  verify: sameTar,
};

/** Both sides keep their chunk store; what travels is the index and the chunks that the old store lacks. */
export const casync: Peer = {
  id: "casync",
  title: "casync (chunks of 64 KiB)",
  programs: ["casync"],
  prepare: "casync make --store=old.castr old.caibx $old > /dev/null",
  make: `casync make --store=new.castr delta/new.caibx $new > /dev/null
    (cd new.castr; find . -type f) | while read -r f; do if [ ! -e "old.castr/$f" ]; then mkdir -p "delta/$(dirname "$f")"; cp "new.castr/$f" "delta/$f"; fi; done`,
  apply: "casync extract --store=delta --extra-store=old.castr --seed-output=no delta/new.caibx out.tar",
  verify: sameTar,
};
