import type { Readable } from "node:stream";
import { z } from "zod";
import { type Digest, isDigest } from "../../oci/digest.ts";
import { DdiffError } from "../../util/errors.ts";

/** Where Podman keeps images. */
export interface PodmanInfo {
  driver: string;
  graphRoot: string;
  /** Whether these are folders of this machine, as far as is known. */
  local: boolean;
}

/** An image as Podman describes it. */
export interface PodmanImage {
  /** The config digest. */
  id: Digest;
  /** Full names: `localhost/torch-app:2`. */
  names: string[];
  platform: { os: string; architecture: string; variant?: string };
  diffIds: Digest[];
}

/** What ddiff asks of Podman, over its socket or through its command. All throw what engines throw. */
export interface PodmanClient {
  info(): Promise<PodmanInfo>;
  /** Every image with a config; lists of manifests are none. */
  list(): Promise<PodmanImage[]>;
  /** Undefined where there is no such image. Short names are completed by Podman itself. */
  inspect(name: string): Promise<PodmanImage | undefined>;
  /** A docker-archive: its layers are not packed, which oci-archive's are. */
  save(id: Digest): Promise<Readable>;
  /** Throws `ENGINE_REFUSED`. */
  load(archive: Readable, signal?: AbortSignal): Promise<void>;
}

const infoSchema = z.looseObject({
  store: z.looseObject({ graphDriverName: z.string(), graphRoot: z.string() }),
});

const listSchema = z.array(z.looseObject({ Id: z.string(), IsManifestList: z.boolean().nullish() }));

const inspectSchema = z.looseObject({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Os: z.string().default(""),
  Architecture: z.string().default(""),
  Variant: z.string().optional(),
  RootFS: z.looseObject({ Layers: z.array(z.custom<Digest>(isDigest)).nullish() }).nullish(),
});

/** Reads the answer to `info`. Throws `ENGINE_ANSWER`. */
export function readInfo(value: unknown, local: boolean): PodmanInfo {
  const { store } = check(infoSchema, value);
  return { driver: store.graphDriverName, graphRoot: store.graphRoot, local };
}

/** Reads the answer to `images`: the IDs of images, each once. Throws `ENGINE_ANSWER`. */
export function readIds(value: unknown): string[] {
  const list = check(listSchema, value ?? []);
  return [...new Set(list.filter((image) => image.IsManifestList !== true).map((image) => image.Id))];
}

/** Reads one image's description. Throws `ENGINE_ANSWER`. */
export function readInspected(value: unknown): PodmanImage {
  const image = check(inspectSchema, value);
  const id = image.Id.startsWith("sha256:") ? image.Id : `sha256:${image.Id}`;
  if (!isDigest(id)) throw notUnderstood(`${id} is no image ID`);
  return {
    id,
    names: image.RepoTags ?? [],
    platform: {
      os: image.Os,
      architecture: image.Architecture,
      ...(image.Variant === undefined || image.Variant === "" ? {} : { variant: image.Variant }),
    },
    diffIds: image.RootFS?.Layers ?? [],
  };
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw notUnderstood(z.prettifyError(result.error));
}

function notUnderstood(problem: string): DdiffError {
  return new DdiffError("ENGINE_ANSWER", `Podman's answer is not understood: ${problem}`, {
    hint: 'Report this with the output of "podman version".',
  });
}
