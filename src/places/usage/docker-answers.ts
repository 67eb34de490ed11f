import { z } from "zod";
import { type Digest, isDigest } from "../../oci/digest.ts";
import { DdiffError } from "../../util/errors.ts";
import type { EngineHttp } from "../docker/http.ts";

const digest = z.custom<Digest>(isDigest, "is not a digest");
const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((record) => new Map(Object.entries(record ?? {})));

const imagesSchema = z.array(
  z.looseObject({
    Id: digest,
    RepoTags: texts,
    RepoDigests: texts,
    Labels: labels,
    Created: z.number().default(0),
    ParentId: z.string().default(""),
  }),
);
const containersSchema = z.array(
  z.looseObject({
    Id: z.string(),
    Names: texts,
    Image: z.string().default(""),
    ImageID: z.string().default(""),
    State: z.string().default(""),
    SizeRw: z.number().nullish(),
  }),
);
const volumesSchema = z.looseObject({
  Volumes: z
    .array(
      z.looseObject({ Name: z.string(), Mountpoint: z.string().default(""), Driver: z.string().default("") }),
    )
    .nullish(),
});
const historySchema = z.array(
  z.looseObject({
    CreatedBy: z.string().default(""),
    Size: z.number().default(0),
    Created: z.number().default(0),
  }),
);
const cacheSchema = z.looseObject({
  BuildCache: z
    .array(z.looseObject({ ID: z.string(), Size: z.number().default(0), Shared: z.boolean().default(false) }))
    .nullish(),
});

/** An image as `/images/json` lists it. */
export type ListedImage = z.infer<typeof imagesSchema>[number];
/** A container as `/containers/json` lists it. */
type ListedContainer = z.infer<typeof containersSchema>[number];
/** A volume as `/volumes` lists it. */
type ListedVolume = { Name: string; Mountpoint: string; Driver: string };
/** A step as `/images/ID/history` lists it. */
export type ListedStep = z.infer<typeof historySchema>[number];
/** What is kept for builds, as `/system/df` lists it. */
type ListedCache = { ID: string; Size: number; Shared: boolean };

/** What `ddiff du` asks of an engine with Docker's API; each call throws what engines throw, and `ENGINE_ANSWER`. */
export interface DockerAnswers {
  /** Those without a name too; `steps` has those as well of which builds made others. */
  images(steps?: boolean): Promise<ListedImage[]>;
  /** All, running or not. `measured` has the engine measure what each has written, which takes it a while. */
  containers(measured: boolean): Promise<ListedContainer[]>;
  volumes(): Promise<ListedVolume[]>;
  /** The latest step first. */
  history(id: string): Promise<ListedStep[]>;
  /** Older engines measure containers and volumes for this answer as well. */
  cache(): Promise<ListedCache[]>;
}

/** Asks through `http`; `engine` is its name in sentences. */
export function dockerAnswers(http: EngineHttp, engine: string): DockerAnswers {
  const ask = async <T>(
    schema: z.ZodType<T>,
    path: string,
    query: Record<string, string> = {},
  ): Promise<T> => {
    const result = schema.safeParse(await http.json({ path, query }));
    if (result.success) return result.data;
    throw new DdiffError(
      "ENGINE_ANSWER",
      `${engine}'s answer is not understood: ${z.prettifyError(result.error)}`,
      {
        hint: `Report this with the output of "${engine.toLowerCase()} version".`,
      },
    );
  };
  return {
    images: (steps = false) => ask(imagesSchema, "/images/json", steps ? { all: "1" } : {}),
    containers: (measured) =>
      ask(containersSchema, "/containers/json", { all: "1", ...(measured ? { size: "1" } : {}) }),
    volumes: async () => (await ask(volumesSchema, "/volumes")).Volumes ?? [],
    history: (id) => ask(historySchema, `/images/${id}/history`),
    cache: async () => (await ask(cacheSchema, "/system/df", { type: "build-cache" })).BuildCache ?? [],
  };
}
