import { isDigest } from "../oci/digest.ts";
import { familiarName, parseReference, withDefaultTag } from "../oci/reference.ts";
import { isUnknownPlatform } from "../oci/platform.ts";
import { mapLimited } from "../util/map-limited.ts";
import { dockerAddress } from "./docker/address.ts";
import { type DockerApi, dockerApi } from "./docker/api.ts";
import { engineHttp } from "./docker/http.ts";
import { dockerSink } from "./docker/sink.ts";
import { contentOf, dockerSource } from "./docker/source.ts";
import { nameMissing, refuseId } from "./image-files/engine-names.ts";
import { contentSource } from "./containerd/content-store.ts";
import { readImage } from "./image-tree.ts";
import type { HeldImage, Place, PlaceContext } from "./place.ts";

/**
 * `docker-daemon:NAME[:TAG]` or `docker-daemon:ID`, an image in the Docker engine that DOCKER_HOST or the docker context
 * names. An empty NAME stands for the engine as a whole: it has an inventory, and takes images without a name.
 * Throws `REFERENCE_INVALID`; its faces throw `ENGINE_UNREACHABLE`, `ENGINE_DENIED`, `IMAGE_NOT_FOUND`.
 */
export function dockerPlace(rest: string, context: PlaceContext): Place {
  const name = engineName(rest);
  const label = `docker-daemon:${rest}`;
  let api: Promise<DockerApi> | undefined;
  const connect = (): Promise<DockerApi> => (api ??= connectDocker(context));
  return {
    transport: "docker-daemon",
    label,
    async source() {
      if (name === undefined) throw nameMissing(label);
      return dockerSource(await connect(), name, label, context);
    },
    async sink() {
      refuseId(name, label);
      return dockerSink(await connect(), name, label, context);
    },
    inventory: async () => dockerInventory(await connect(), context),
  };
}

/** Docker's API at the address that the environment gives. Nothing is asked yet. */
export async function connectDocker(context: PlaceContext): Promise<DockerApi> {
  return dockerApi(engineHttp(await dockerAddress(context.env), "Docker"));
}

/** Every runnable image. With containerd's store each platform that is there counts as one. */
async function dockerInventory(api: DockerApi, context: PlaceContext): Promise<HeldImage[]> {
  const [list, info] = await Promise.all([api.list(), api.info()]);
  const ids = new Map(list.map(({ id, tags }) => [id, tags]));
  const held = await mapLimited([...ids], 8, async ([id, names]): Promise<HeldImage[]> => {
    const image = await api.inspect(id);
    // Removed between the two questions.
    if (image === undefined) return [];
    const label = `docker-daemon:${names[0] ?? id}`;
    const open = (): ReturnType<HeldImage["open"]> => dockerSource(api, id, label, context);
    const files = await contentOf(info, image);
    if (files === undefined || image.descriptor === undefined) {
      return [{ names, id, platform: image.platform, layers: image.diffIds, open }];
    }
    const source = contentSource(files, { label, name: names[0], root: image.descriptor });
    const { images } = await readImage(source, { referrers: false });
    return images
      .filter(({ platform }) => !isUnknownPlatform(platform))
      .map(({ configDescriptor, platform, layers }) => ({
        names,
        id: configDescriptor.digest,
        platform,
        layers: layers.map((layer) => layer.diffId),
        open,
      }));
  });
  return held.flat();
}

/** The name as the engine lists it, an ID as it is, or none. Throws `REFERENCE_INVALID`. */
function engineName(rest: string): string | undefined {
  if (rest === "") return undefined;
  return isDigest(rest) ? rest : familiarName(withDefaultTag(parseReference(rest)));
}
