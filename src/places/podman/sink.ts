import type { Digest } from "../../oci/digest.ts";
import { parseReference, familiarName, withDefaultTag } from "../../oci/reference.ts";
import { DdiffError } from "../../util/errors.ts";
import { ociArchive, platformImage } from "../archive-stream.ts";
import { feedEngine } from "../image-files/feed.ts";
import { refName } from "../oci-layout-names.ts";
import type { OutgoingImage, Sink } from "../place.ts";
import type { PodmanClient } from "./client.ts";

/** Images that were not pulled carry this host in Podman, which short names lead to first. */
const ownHost = "localhost";

/**
 * The writing face of one name in Podman: `podman load`, fed with an OCI archive of this machine's platform. A layer that the
 * storage has is left out where the archive names it by its diffID; packed ones go whole, so that the manifest keeps its digest.
 * Podman makes the image visible when it has arrived whole.
 */
export function podmanSink(client: PodmanClient, name: string | undefined, label: string): Sink {
  let held: Promise<ReadonlySet<Digest>> | undefined;
  const layersHeld = (): Promise<ReadonlySet<Digest>> =>
    (held ??= client.list().then((images) => new Set(images.flatMap((image) => image.diffIds))));
  return {
    label,
    has: async ({ descriptor, diffId }) => (await layersHeld()).has(diffId ?? descriptor.digest),
    async write(image, options) {
      held = undefined;
      const chosen = platformImage(image);
      const id = chosen.configDescriptor.digest;
      const layers = new Set(chosen.layers.map((layer) => layer.descriptor.digest));
      const one: OutgoingImage = {
        ...image,
        root: chosen.manifest,
        images: [chosen],
        blobs: image.blobs.filter((blob) => layers.has(blob.descriptor.digest)),
        referrers: [],
      };
      const there = await layersHeld();
      const full = name === undefined ? undefined : await fullName(client, name);
      const bytes = await feedEngine(
        one,
        {
          label: `loading ${name ?? id} into Podman`,
          has: (blob) => there.has(blob.descriptor.digest),
          archive: (lacks) =>
            ociArchive(one, full === undefined ? [] : [full], lacks, {
              // Podman takes a full name here as it is, and puts its own host before anything else.
              annotations: (written) => ({ [refName]: written }),
            }),
          load: (archive, signal) => client.load(archive, signal),
        },
        options,
      );
      const found = (await client.inspect(full ?? id))?.id;
      if (found !== id) {
        const problem =
          found === undefined
            ? `has no image ${full ?? id} after loading it`
            : `loaded ${full} as ${found}, not ${id}`;
        throw new DdiffError("ENGINE_REFUSED", `Podman ${problem}`, {
          hint: "Something else may be writing to the same name: run the command again.",
        });
      }
      return { label, digest: id, bytes };
    },
    close: async () => {},
  };
}

/**
 * A short name as Podman itself would complete it: that of the image which it stands for now, so that the new one takes its place;
 * else Podman's own host. Names with a host stay.
 */
async function fullName(client: PodmanClient, name: string): Promise<string> {
  const reference = withDefaultTag(parseReference(name));
  const full = `${reference.domain}/${reference.path}:${reference.tag ?? "latest"}`;
  if (reference.domain !== "docker.io" || name.startsWith("docker.io/")) return full;
  const short = familiarName(reference);
  const known = (await client.inspect(short))?.names ?? [];
  const own = `${ownHost}/${short}`;
  return known.includes(full) && !known.includes(own) ? full : own;
}
