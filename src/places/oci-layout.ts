import { folderBlobs, splitPath } from "./named-blobs.ts";
import { layoutInventory } from "./oci-layout-inventory.ts";
import { layoutSink } from "./oci-layout-sink.ts";
import { readLayout } from "./oci-layout-source.ts";
import type { Place, PlaceContext } from "./place.ts";

/**
 * `oci:PATH[:NAME]`, an OCI layout in a folder (image-spec, image-layout.md). NAME is a name as written in the layout,
 * `@N` (the Nth entry, from 0) or `@DIGEST`; a lone image needs none. Throws `PLACE_INVALID`.
 */
export function ociLayoutPlace(rest: string, context: PlaceContext): Place {
  const { path, name } = splitPath(rest, "oci");
  const label = `oci:${rest}`;
  const open = async (wanted: string | undefined, as: string) => {
    const layout = await readLayout(folderBlobs(path));
    return layout.source(await layout.find(wanted), as);
  };
  return {
    transport: "oci",
    label,
    source: () => open(name, label),
    sink: async () => layoutSink(path, name, label),
    async inventory() {
      const layout = await readLayout(folderBlobs(path));
      return await layoutInventory(layout, path, context.progress, {
        label: (digest) => `oci:${path}:@${digest}`,
        open: (digest) => open(`@${digest}`, `oci:${path}:@${digest}`),
      });
    },
  };
}
