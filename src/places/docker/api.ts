import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { z } from "zod";
import { readAll } from "../../codec/read-all.ts";
import { type Digest, isDigest } from "../../oci/digest.ts";
import { DdiffError, messageOf } from "../../util/errors.ts";
import { type EngineHttp, refused, refusedStatus } from "./http.ts";

const digest = z.custom<Digest>(isDigest, "is not a digest");
const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

const infoSchema = z.looseObject({
  Driver: z.string(),
  DriverStatus: z.array(z.tuple([z.string(), z.string()])).nullish(),
  DockerRootDir: z.string(),
  Containerd: z
    .looseObject({
      Address: z.string().default(""),
      Namespaces: z.looseObject({ Containers: z.string().default("") }).nullish(),
    })
    .nullish(),
});

const listSchema = z.array(z.looseObject({ Id: digest, RepoTags: texts }));

const inspectSchema = z.looseObject({
  Id: digest,
  RepoTags: texts,
  Os: z.string().default(""),
  Architecture: z.string().default(""),
  Variant: z.string().optional(),
  OsVersion: z.string().optional(),
  RootFS: z.looseObject({ Layers: z.array(digest).nullish() }).nullish(),
  Descriptor: z.looseObject({ mediaType: z.string(), digest, size: z.number() }).nullish(),
});

/** What `/info` says about where images are kept. */
export interface DockerInfo {
  driver: string;
  rootDir: string;
  /** Whether images lie in containerd's store, as by default from Docker 29 on. */
  containerdStore: boolean;
  /** Where containerd answers, and the namespace that is Docker's; from Docker 27 on. */
  containerd?: { address: string; namespace: string };
}

/** An image as `/images/NAME/json` describes it. With containerd's store `id` is the digest of its index or manifest. */
export interface DockerImage {
  id: Digest;
  tags: string[];
  platform: { os: string; architecture: string; variant?: string; "os.version"?: string };
  diffIds: Digest[];
  /** The index or manifest; only with containerd's store, from Docker 28 on. */
  descriptor?: { mediaType: string; digest: Digest; size: number };
}

/** The calls of Docker's API that ddiff makes. All throw what `EngineHttp` throws. */
export interface DockerApi {
  readonly http: EngineHttp;
  info(): Promise<DockerInfo>;
  /** Every image that has not only been an intermediate step of a build. */
  list(): Promise<{ id: Digest; tags: string[] }[]>;
  /** Undefined where there is no such image. */
  inspect(name: string): Promise<DockerImage | undefined>;
  /** What `docker save` writes. */
  save(name: string): Promise<Readable>;
  /** Feeds `docker load`. Throws `ENGINE_REFUSED` with the engine's words where it fails half way. */
  load(archive: Readable, signal?: AbortSignal): Promise<void>;
}

/** The API at the version that the engine itself prefers: all calls here have been there since 1.12 and only grew. */
export function dockerApi(http: EngineHttp): DockerApi {
  return {
    http,
    async info() {
      const info = check(infoSchema, await http.json({ path: "/info" }));
      const status = info.DriverStatus ?? [];
      const address = info.Containerd?.Address ?? "";
      const namespace = info.Containerd?.Namespaces?.Containers ?? "";
      return {
        driver: info.Driver,
        rootDir: info.DockerRootDir,
        containerdStore: status.some(
          ([name, value]) => name === "driver-type" && value.includes("containerd"),
        ),
        ...(address === "" || namespace === "" ? {} : { containerd: { address, namespace } }),
      };
    },
    async list() {
      const list = check(listSchema, await http.json({ path: "/images/json" }));
      return list.map(({ Id, RepoTags }) => ({
        id: Id,
        tags: RepoTags.filter((tag) => tag !== "<none>:<none>"),
      }));
    },
    async inspect(name) {
      try {
        return describe(check(inspectSchema, await http.json({ path: `/images/${encodeName(name)}/json` })));
      } catch (error) {
        if (refusedStatus(error) === 404) return undefined;
        throw error;
      }
    },
    async save(name) {
      const answer = await http.call({ path: `/images/${encodeName(name)}/get` });
      if (answer.ok) return answer.body;
      throw refused("Docker", answer.status, await readAll(answer.body, 1 << 20, "Docker's answer"));
    },
    async load(archive, signal) {
      const answer = await http.call({
        method: "POST",
        path: "/images/load",
        query: { quiet: "1" },
        body: archive,
        contentType: "application/x-tar",
        signal,
      });
      if (!answer.ok)
        throw refused("Docker", answer.status, await readAll(answer.body, 1 << 20, "Docker's answer"));
      await readProgress(answer.body, archive);
    },
  };
}

/** Docker answers 200 before it knows, and reports failure as a line of its progress. */
async function readProgress(body: IncomingMessage, archive: Readable): Promise<void> {
  let failure: string | undefined;
  const lines = createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY });
  const broken = new Promise<never>((_, reject) => {
    body.once("error", reject);
    body.once("aborted", () => reject(new Error("the answer was cut off")));
  });
  const reading = (async () => {
    for await (const line of lines) {
      const said = parseLine(line);
      failure ??= said.errorDetail?.message ?? said.error;
    }
  })();
  try {
    await Promise.race([reading, broken]);
  } catch (error) {
    if (archive.errored) throw archive.errored;
    throw new DdiffError("ENGINE_LOST", `Docker went away while it loaded the image: ${messageOf(error)}`, {
      hint: "Look whether Docker still runs and has disk space, then run the same command again.",
      cause: error,
    });
  } finally {
    lines.close();
  }
  if (archive.errored) throw archive.errored;
  if (failure !== undefined) throw refused("Docker", 200, Buffer.from(failure));
}

function parseLine(line: string): { error?: string; errorDetail?: { message?: string } } {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function describe(image: z.infer<typeof inspectSchema>): DockerImage {
  const { Variant: variant, OsVersion: version, Descriptor: descriptor } = image;
  return {
    id: image.Id,
    tags: image.RepoTags.filter((tag) => tag !== "<none>:<none>"),
    platform: {
      os: image.Os,
      architecture: image.Architecture,
      ...(variant === undefined || variant === "" ? {} : { variant }),
      ...(version === undefined || version === "" ? {} : { "os.version": version }),
    },
    diffIds: image.RootFS?.Layers ?? [],
    ...(descriptor == null
      ? {}
      : {
          descriptor: { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size },
        }),
  };
}

/** The slashes of a name stay: the engine's router expects them. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%40", "@");
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new DdiffError(
    "ENGINE_ANSWER",
    `Docker's answer is not understood: ${z.prettifyError(result.error)}`,
    {
      hint: 'Report this with the output of "docker version".',
    },
  );
}
