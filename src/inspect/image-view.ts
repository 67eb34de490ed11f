import type { InventoryEntry, LayerInventory } from "./inventory.ts";

/** An entry with the number of its layer, 0 for the bottom. */
export interface Placed {
  layer: number;
  entry: InventoryEntry;
  /** Content of a hard link: the entry that holds its bytes; the entry itself for anything else. */
  content: InventoryEntry;
}

/** An entry that a container does not see any more, though its bytes travel. */
export interface Hidden extends Placed {
  /** The layer that hid it. */
  by: number;
  /** `removed` by a whiteout, `overwritten` by another content or type, `copied` when only owner, mode, times or attributes are new. */
  how: "removed" | "overwritten" | "copied";
}

/** Layers stacked as a container sees them (image-spec, layer.md, "Applying Changesets"). */
export interface ImageView {
  layers: readonly LayerInventory[];
  /** What a container sees, by path. The root is not in it; folders that no tar names are not either. */
  visible: ReadonlyMap<string, Placed>;
  hidden: readonly Hidden[];
}
