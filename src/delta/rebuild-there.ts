import { Digester } from "../oci/digest.ts";
import type { Place, PlaceContext } from "../places/place.ts";
import { isDdiffError } from "../util/errors.ts";
import { type Bytes, piecesOf, streamOf } from "../util/random-bytes.ts";
import { namesInRegistry } from "./base-missing.ts";
import type { Bundle } from "./bundle-read.ts";
import type { LoadedTarget } from "./write-targets.ts";

/** A bundle on its way to a server. Any media type does: to the registry it is a blob. */
const mediaType = "application/vnd.oci.image.layer.v1.tar";

/** What leaves the way as it was before there were such registries. */
const refusals: ReadonlySet<string> = new Set([
  "AUTH_REFUSED",
  "RATE_LIMITED",
  "REGISTRY_REFUSED",
  "REGISTRY_UNSUPPORTED",
]);

/**
 * Sends the bundle to a registry that makes images of bundles by itself, where it goes to one, so that neither base nor layers travel.
 * Undefined where that cannot be, or does not come off: then the image is made here. Bases that the user names may be anywhere, so they
 * are used here.
 */
export async function rebuildThere(
  bundle: Bundle,
  bytes: Bytes,
  places: readonly Place[],
  { bases, context }: { bases: readonly string[]; context: PlaceContext },
): Promise<LoadedTarget | undefined> {
  const [place] = places;
  if (place?.rebuild === undefined || places.length > 1 || bases.length > 0) return undefined;
  const digester = new Digester("sha256");
  for await (const piece of piecesOf(bytes)) digester.update(piece);
  const descriptor = { mediaType, digest: digester.digest(), size: bytes.length };
  try {
    const open = async () => streamOf(bytes);
    const written = await place.rebuild({ descriptor, open }, namesInRegistry(bundle));
    if (written === undefined || written.digest !== bundle.config.targets[0]?.root.digest) return undefined;
    return { ...written, exact: true, madeThere: true };
  } catch (error) {
    context.signal?.throwIfAborted();
    if (!isDdiffError(error) || !refusals.has(error.code)) throw error;
    context.progress.note(`The registry does not make the image by itself: ${error.message}`);
    return undefined;
  }
}
