import { hexOf, isDigest } from "../oci/digest.ts";
import { familiarName, parseReference, withDefaultTag } from "../oci/reference.ts";
import { DdiffError } from "../util/errors.ts";
import { closestNames } from "./image-files/close-names.ts";
import { nameMissing, refuseId } from "./image-files/engine-names.ts";
import { savedImageSource } from "./image-files/saved-image.ts";
import { storedImageSource } from "./image-files/stored-image.ts";
import type { Place, PlaceContext, Source } from "./place.ts";
import type { PodmanClient, PodmanImage } from "./podman/client.ts";
import { connectPodman } from "./podman/connect.ts";
import { podmanSink } from "./podman/sink.ts";
import { storageImage } from "./podman/storage.ts";

/**
 * `containers-storage:NAME[:TAG]` or `containers-storage:ID`, an image of Podman, Buildah or CRI-O on this machine, or where
 * CONTAINER_HOST says. Short names mean what they mean to Podman. An empty NAME stands for the storage as a whole.
 * Throws `REFERENCE_INVALID`; its faces throw `ENGINE_UNREACHABLE`, `ENGINE_DENIED`, `IMAGE_NOT_FOUND`.
 */
export function podmanPlace(rest: string, context: PlaceContext): Place {
  // As in containers-transports(5) an ID may stand behind an @.
  const id = /^@?(?:sha256:)?([0-9a-f]{64})$/.exec(rest)?.[1];
  const name = rest === "" ? undefined : id === undefined ? shortName(rest) : `sha256:${id}`;
  const label = `containers-storage:${rest}`;
  let client: Promise<PodmanClient> | undefined;
  const connect = (): Promise<PodmanClient> => (client ??= connectPodman(context));
  return {
    transport: "containers-storage",
    label,
    async source() {
      if (name === undefined) throw nameMissing(label);
      const podman = await connect();
      const image = await podman.inspect(isDigest(name) ? hexOf(name) : name);
      if (image === undefined) throw await notFound(podman, name);
      return imageSource(podman, image, { label, name: isDigest(name) ? namesOf(image)[0] : name }, context);
    },
    async sink() {
      refuseId(name, label);
      return podmanSink(await connect(), name, label);
    },
    async inventory() {
      const podman = await connect();
      return (await podman.list()).map((image) => {
        const names = namesOf(image);
        const as = { label: `containers-storage:${names[0] ?? `@${hexOf(image.id)}`}`, name: names[0] };
        return {
          names,
          id: image.id,
          platform: image.platform,
          layers: image.diffIds,
          open: () => imageSource(podman, image, as, context),
        };
      });
    },
  };
}

async function imageSource(
  client: PodmanClient,
  image: PodmanImage,
  as: { label: string; name: string | undefined },
  context: PlaceContext,
): Promise<Source> {
  const stored = await storageImage(await client.info(), image.id, as);
  if (stored !== undefined) return storedImageSource(stored);
  return savedImageSource({ ...as, form: "docker-archive", save: () => client.save(image.id) }, context);
}

/** A name in its short form, as other engines know it: Podman's own host means nothing to them. */
function shortName(name: string): string {
  const short = familiarName(withDefaultTag(parseReference(name)));
  return name.startsWith("docker.io/") && !short.startsWith("docker.io/")
    ? `docker.io/${withLibrary(short)}`
    : short;
}

function withLibrary(short: string): string {
  return short.includes("/") ? short : `library/${short}`;
}

function namesOf(image: PodmanImage): string[] {
  return image.names.map((name) => name.replace(/^localhost\//, ""));
}

async function notFound(client: PodmanClient, name: string): Promise<DdiffError> {
  const names = (await client.list()).flatMap(namesOf);
  return new DdiffError("IMAGE_NOT_FOUND", `Podman has no image ${name}`, {
    hint: closestNames(name, names),
  });
}
