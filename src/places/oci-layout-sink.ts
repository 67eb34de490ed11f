import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { isDigest } from "../oci/digest.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { folderBlobs } from "./named-blobs.ts";
import { ingest } from "./named-blobs-ingest.ts";
import { addEntry, emptyIndex, layoutFile, readLayoutIndex } from "./oci-layout-index.ts";
import { parseWanted } from "./oci-layout-names.ts";
import { blobName, hasBlob, readLayout } from "./oci-layout-source.ts";
import type { Document, OutgoingBlob, OutgoingImage, Sink } from "./place.ts";

/** The writing face of a layout folder; `name` is what stands behind the path. Throws `PLACE_INVALID`. */
export function layoutSink(folder: string, name: string | undefined, label: string): Sink {
  refusePinned(name, label);
  const files = folderBlobs(folder);
  return {
    label,
    has: ({ descriptor }) => hasBlob(files, blobName(descriptor.digest), descriptor),
    async write(image, { progress, signal }) {
      await refuseOtherFolder(folder);
      const blobs = [...image.blobs, ...[...image.documents.values()].map(documentBlob)];
      const bytes = await ingest(
        {
          folder,
          items: blobs.map((blob) => ({ name: blobName(blob.descriptor.digest), blob })),
          frame: [
            { name: "index.json", bytes: emptyIndex },
            { name: "oci-layout", bytes: layoutFile },
          ],
          finish: async () => [{ name: "index.json", bytes: await indexWith(folder, image, name) }],
        },
        { label: `writing ${label}`, progress, signal },
      );
      return { label, digest: image.root.digest, bytes };
    },
    async close() {},
  };
}

/** A name for writing is a name: a position or a digest cannot be given to an image. Throws `PLACE_INVALID`. */
export function refusePinned(name: string | undefined, label: string): void {
  if (name === undefined || (parseWanted(name).by === "name" && !isDigest(name))) return;
  throw new DdiffError("PLACE_INVALID", `an image cannot be written to ${label}: that is no name`, {
    hint: "Write PATH:NAME.",
    exitStatus: 2,
  });
}

/** A document as a blob like the others. */
export function documentBlob(document: Document): OutgoingBlob {
  return {
    descriptor: document.descriptor,
    open: async () => Readable.from([document.bytes], { objectMode: false }),
  };
}

async function indexWith(folder: string, image: OutgoingImage, name: string | undefined): Promise<string> {
  const files = folderBlobs(folder);
  const index = await readLayoutIndex(files);
  const { isReferrer } = await readLayout(files);
  return await addEntry(index, { root: image.root, name, referrers: image.referrers }, isReferrer);
}

/** Somebody's home folder is not to become a layout by a slip of the hand. Throws `NOT_A_LAYOUT`. */
async function refuseOtherFolder(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return;
    if (systemErrorCode(error) !== "ENOTDIR") throw error;
    throw new DdiffError("NOT_A_LAYOUT", `${folder} is a file, not a folder with an OCI layout`, {
      hint: `For an archive write oci-archive:${folder}.`,
    });
  }
  if (names.includes("oci-layout")) return;
  // What a killed ddiff may have left in a folder that was to become a layout.
  const others = names.filter((entry) => !entry.startsWith(".ddiff-") && entry !== "index.json");
  if (others.length === 0) return;
  throw new DdiffError("NOT_A_LAYOUT", `${folder} holds other files and is no OCI layout`, {
    hint: "Choose a new folder or one with an OCI layout in it.",
  });
}
