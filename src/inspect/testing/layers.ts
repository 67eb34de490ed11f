import { Readable } from "node:stream";
import { makeTar, type TarSpec } from "../../delta/testing/tars.ts";
import { digestOf } from "../../oci/digest.ts";
import type { ImageView } from "../image-view.ts";
import type { LayerInventory } from "../inventory.ts";
import { readLayer } from "../read-layer.ts";
import { stackLayers } from "../stack.ts";

/** The inventory of a layer of these members. */
export async function makeLayer(members: readonly TarSpec[]): Promise<LayerInventory> {
  const tar = makeTar(members);
  return readLayer(digestOf(tar), Readable.from([tar]));
}

/** The view of layers of these members, bottom first. */
export async function makeView(...layers: (readonly TarSpec[])[]): Promise<ImageView> {
  return stackLayers(await Promise.all(layers.map(makeLayer)));
}

/** A regular file. */
export function file(path: string, content = "", more: Partial<TarSpec> = {}): TarSpec {
  return { path, bytes: Buffer.from(content), mode: 0o644, ...more };
}

/** A folder. */
export function folder(path: string): TarSpec {
  return { path: `${path}/`, flag: "5", mode: 0o755 };
}

/** A symbolic link. */
export function symlink(path: string, linkPath: string): TarSpec {
  return { path, flag: "2", linkPath };
}

/** A hard link. */
export function hardlink(path: string, linkPath: string): TarSpec {
  return { path, flag: "1", linkPath };
}
