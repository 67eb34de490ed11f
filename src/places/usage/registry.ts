import { DdiffError, isDdiffError } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import type { PlaceContext } from "../place.ts";
import { listRepositories, listTags, registryPlace } from "../registry.ts";
import { blobImages, type BlobRoot, joinRoots } from "./blob-usage.ts";
import type { Usage } from "./usage.ts";

/** Requests for lists and manifests at a time. */
const atOnce = 8;

/**
 * What a registry keeps under names, as it tells: `//host` for all its repositories, `//host/repository` for all tags of one,
 * `//host/repository:tag` for one image. Blobs count as they are packed, each once for the whole registry. Throws what registries throw.
 */
export async function registryUsage(rest: string, context: PlaceContext): Promise<Usage> {
  const name = rest.replace(/^\/\//, "").replace(/\/+$/, "");
  const notes: string[] = [];
  const references = await referencesOf(name, context, notes);
  const roots = await mapLimited(references, atOnce, async (reference): Promise<BlobRoot[]> => {
    const place = registryPlace(`//${reference}`, context);
    try {
      const { descriptor } = await (await place.source()).root();
      return [{ digest: descriptor.digest, names: [reference], open: () => place.source() }];
    } catch (error) {
      if (!isDdiffError(error)) throw error;
      notes.push(`${reference} is left out: ${error.message}`);
      return [];
    }
  });
  const { images, parts, notes: more } = await blobImages(joinRoots(roots.flat()), { referrers: false });
  return {
    label: `docker://${name}`,
    name: "The registry",
    measure: "packed",
    parts,
    images,
    containers: [],
    volumes: [],
    notes: [
      ...notes,
      ...more,
      "A registry tells of what has a tag: manifests without one, and blobs that nothing needs, are seen only in its storage folder.",
    ],
  };
}

async function referencesOf(name: string, context: PlaceContext, notes: string[]): Promise<string[]> {
  if (/[:@][^/]*$/.test(name) && name.includes("/")) return [name];
  if (name === "") {
    throw new DdiffError("PLACE_INVALID", "docker:// names no registry", {
      hint: "Write docker://HOST for all that it has, or docker://HOST/REPOSITORY.",
      exitStatus: 2,
    });
  }
  const [host = ""] = name.split("/");
  const repositories = name.includes("/")
    ? [name.slice(host.length + 1)]
    : await listRepositories(`//${host}`, context);
  const tags = await mapLimited(repositories, atOnce, async (repository) => {
    try {
      return (await listTags(`//${host}/${repository}`, context)).map(
        (tag) => `${host}/${repository}:${tag}`,
      );
    } catch (error) {
      if (!isDdiffError(error) || repositories.length === 1) throw error;
      notes.push(`${host}/${repository} is left out: ${error.message}`);
      return [];
    }
  });
  return tags.flat();
}
