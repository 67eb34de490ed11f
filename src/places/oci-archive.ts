import { openArchive } from "./archive-members.ts";
import { writeArchive } from "./archive-sink.ts";
import { ociArchive } from "./archive-stream.ts";
import { splitPath } from "./named-blobs.ts";
import { layoutInventory } from "./oci-layout-inventory.ts";
import { nameAnnotations } from "./oci-layout-names.ts";
import { refusePinned } from "./oci-layout-sink.ts";
import { type LayoutReader, readLayout } from "./oci-layout-source.ts";
import type { OutgoingImage, Place, PlaceContext, Sink } from "./place.ts";

/**
 * `oci-archive:PATH[:NAME]`, an OCI layout in a tar that may be packed with gzip or zstd. NAME is as for `oci:`.
 * Writing replaces the whole archive. Throws `PLACE_INVALID`.
 */
export function ociArchivePlace(rest: string, context: PlaceContext): Place {
  const { path, name } = splitPath(rest, "oci-archive");
  const label = `oci-archive:${rest}`;
  const open = (wanted: string | undefined, as: string) =>
    withLayout(path, context, async (layout) => layout.source(await layout.find(wanted), as));
  return {
    transport: "oci-archive",
    label,
    source: () => open(name, label),
    sink: async () => archiveSink(path, name, label),
    inventory: () =>
      withLayout(path, context, async (layout, close) => {
        const held = await layoutInventory(layout, path, context.progress, {
          label: (digest) => `oci-archive:${path}:@${digest}`,
          open: (digest) => open(`@${digest}`, `oci-archive:${path}:@${digest}`),
        });
        await close();
        return held;
      }),
  };
}

/** Opens the archive for `use`; it is closed when that fails, else by what `use` makes of it. */
async function withLayout<T>(
  path: string,
  context: PlaceContext,
  use: (layout: LayoutReader, close: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const files = await openArchive(path, context.tempDir);
  try {
    return await use(await readLayout(files), () => files.close());
  } catch (error) {
    await files.close();
    throw error;
  }
}

function archiveSink(path: string, name: string | undefined, label: string): Sink {
  refusePinned(name, label);
  return {
    label,
    has: async () => false,
    async write(image, { progress, signal }) {
      const archive = () =>
        ociArchive(image, name === undefined ? [] : [name], () => true, {
          referrers: true,
          annotations: nameAnnotations,
        });
      const total = sizeOf(image);
      const bytes = await writeArchive(path, archive, { label: `writing ${label}`, total, progress, signal });
      return { label, digest: image.root.digest, bytes };
    },
    async close() {},
  };
}

/** About how many bytes an archive of the image will have. */
export function sizeOf(image: OutgoingImage): number {
  const blobs = image.blobs.reduce((sum, blob) => sum + blob.descriptor.size + 512, 0);
  return [...image.documents.values()].reduce((sum, document) => sum + document.bytes.length + 512, blobs);
}
