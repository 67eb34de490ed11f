import type { Digest } from "../oci/digest.ts";
import { familiarName, parseReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import { DdiffError } from "../util/errors.ts";
import { readImage } from "./image-tree.ts";
import type { HeldImage, Place, PlaceContext, Source } from "./place.ts";
import { connectionFor } from "./registry/connection.ts";
import { type Deleted, deleteManifest } from "./registry/deletion.ts";
import { repositoriesOf, tagsOf } from "./registry/listing.ts";
import { rebuildInRegistry } from "./registry/rebuild.ts";
import { registrySink } from "./registry/sink.ts";
import { registrySource } from "./registry/source.ts";
import type { Tuning } from "./registry/tuning.ts";

/**
 * An image in a registry: `//host[:port]/repository[:tag|@digest]`, as after `docker:` in containers-transports(5).
 * Logins come from docker's and podman's files and from `DDIFF_USERNAME`, `DDIFF_PASSWORD`, `DDIFF_TOKEN` (see
 * registry/credentials.ts). Nothing is asked of the registry before a face is used. `tuning` changes times and sizes.
 * Throws `REFERENCE_INVALID`.
 */
export function registryPlace(rest: string, context: PlaceContext, tuning?: Partial<Tuning>): Place {
  const reference = withDefaultTag(readReference(rest));
  const connection = connectionFor(reference.domain, context, tuning);
  const source = async (): Promise<Source> => registrySource(connection, reference);
  return {
    transport: "docker",
    label: `docker://${familiarName(reference)}`,
    source,
    sink: async () => registrySink(connection, reference),
    rebuild: (bundle, bases) => rebuildInRegistry(connection, reference, bundle, { bases, context }),
    async inventory() {
      return inventoryOf(await source(), source);
    },
  };
}

/** The tags of `//host/repository`, sorted. Throws `IMAGE_MISSING` where the registry knows no such repository. */
export async function listTags(
  rest: string,
  context: PlaceContext,
  tuning?: Partial<Tuning>,
): Promise<string[]> {
  const { domain, path } = readReference(rest);
  return tagsOf(connectionFor(domain, context, tuning), path);
}

/** The repositories of `//host[:port]`, sorted. Throws `REGISTRY_UNSUPPORTED` where it does not tell. */
export async function listRepositories(
  rest: string,
  context: PlaceContext,
  tuning?: Partial<Tuning>,
): Promise<string[]> {
  const host = rest.replace(/^\/\//, "").replace(/\/+$/, "");
  // A host alone is no reference; any repository makes it one, and has it checked.
  const { domain, path } = parseReference(`${host}/x`);
  if (path !== "x") {
    throw new DdiffError("REFERENCE_INVALID", `${JSON.stringify(host)} is not the name of a registry`, {
      hint: "Write its host, with a port or a dot: localhost:5000, registry.example.org",
      exitStatus: 2,
    });
  }
  return repositoriesOf(connectionFor(domain, context, tuning));
}

/** Deletes one image or tag of a registry: see registry/deletion.ts. */
export async function deleteImage(
  rest: string,
  context: PlaceContext,
  tuning?: Partial<Tuning>,
): Promise<Deleted> {
  const reference = withDefaultTag(readReference(rest));
  const connection = connectionFor(reference.domain, context, tuning);
  return deleteManifest(connection, reference.path, reference);
}

function readReference(rest: string): Reference {
  return parseReference(rest.replace(/^\/\//, ""));
}

async function inventoryOf(source: Source, open: () => Promise<Source>): Promise<HeldImage[]> {
  const tree = await readImage(source, { referrers: false });
  return tree.images.map((image) => ({
    names: source.name === undefined ? [] : [source.name],
    id: image.configDescriptor.digest satisfies Digest,
    platform: image.platform,
    layers: image.layers.map((layer) => layer.diffId),
    open,
  }));
}
