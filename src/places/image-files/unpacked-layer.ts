import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { decompressed } from "../../codec/compression.ts";
import type { Digest } from "../../oci/digest.ts";
import { frameFromSplit, sizeOfSplit, tarFromSplit } from "../tar-split.ts";
import type { UnpackedFile, UnpackedLayer } from "../place.ts";
import { type LayerFiles, layerFiles } from "./layer-files.ts";
import type { StoredLayer } from "./stored-image.ts";

/** Lists of files are full of zeros; gzip itself can reach no more than this. */
const maxRatio = 1100;

/** A layer from the list of its files, as both Docker and Podman write it, and the folder where they are. */
export function unpackedLayer(diffId: Digest, list: string, folder: string, size?: number): StoredLayer {
  const what = `layer ${diffId.slice(0, 19)}`;
  const openList = (): Readable =>
    decompressed(createReadStream(list, { highWaterMark: 1 << 20 }), {
      maxRatio,
      what: `the list of ${what}`,
    });
  let known = size === undefined ? undefined : Promise.resolve(size);
  return {
    diffId,
    size: () => (known ??= sizeOfSplit(openList(), what)),
    open: async () => tarFromSplit(openList, layerFiles(folder, what), what),
    unpacked: () => unpacked(openList, layerFiles(folder, what), what),
  };
}

function unpacked(openList: () => Readable, files: LayerFiles, what: string): UnpackedLayer {
  const left = new Map<number, UnpackedFile>();
  return {
    frame: () => frameFromSplit(openList(), what, (offset, file) => void left.set(offset, file)),
    takeFile(offset) {
      const file = left.get(offset);
      left.delete(offset);
      return file;
    },
    read: ({ name, size }, offset, into) => files.readPart(into, name, size, offset),
    close: () => files.close(),
  };
}
