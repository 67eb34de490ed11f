import { readFile } from "node:fs/promises";
import type { StoredDelta } from "../delta/registry-delta-push.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Platform } from "../oci/platform.ts";
import type { Document, Place, PlaceContext, Source } from "../places/place.ts";
import { formatBytes } from "../util/bytes.ts";
import { DdiffError, messageOf } from "../util/errors.ts";
import { makeClaims } from "./claims.ts";
import type { OptionSpecs, Outcome } from "./command.ts";
import { eachOne } from "./many.ts";
import { platformOption } from "./platforms.ts";
import { usageError } from "./usage.ts";

/** Options of push, pull and copy. */
export const transferOptions = {
  images: {
    value: "FILE",
    complete: "file",
    help: "take the images from this list too, one a line; empty lines and lines that begin with # are skipped; - is standard input",
  },
  jobs: { short: "j", value: "N", help: "images moved at the same time (4)" },
  ...platformOption,
} as const satisfies OptionSpecs;

/** The switch of pull and copy. */
export const noDeltaOption = {
  "no-delta": {
    help: "fetch layers as they are, also where the registry has a delta from an image that is here",
  },
} as const satisfies OptionSpecs;

/** One image and where it goes, as places. The destination may depend on the name that the source's image has. */
export interface Transfer {
  from: string;
  to: (imageName: string) => string;
}

interface TransferOptions {
  platforms: Platform[];
  jobs: string | undefined;
  command: string;
  /** "pushed", "sent": for the lines that say what was done. */
  verb: string;
  moved: string;
  /** Whether deltas in a registry are used; true when not said. */
  deltas?: boolean;
  /** Images from which deltas are stored beside what goes to a registry. */
  deltaFrom?: readonly string[];
}

/** What became of one image. */
interface Transferred {
  from: string;
  to: string;
  digest: string;
  /** Bytes moved. */
  bytes: number;
  /** Bytes that would have been moved without a delta. */
  insteadOf?: number;
  deltas?: StoredDelta[];
}

/** Moves every image, several at a time, one failure not stopping the rest. Sources and sinks are closed. */
export async function transfer(
  transfers: readonly Transfer[],
  options: TransferOptions,
  context: PlaceContext,
): Promise<Outcome> {
  const jobs = Number(options.jobs ?? "4");
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) {
    throw usageError(`--jobs is not a number from 1 to 64: ${JSON.stringify(options.jobs)}`, options.command);
  }
  const [{ readImage }, { openPlace }, { imageNameOf }] = await Promise.all([
    import("../places/image-tree.ts"),
    import("../places/open.ts"),
    import("./names.ts"),
  ]);
  const claims = makeClaims();
  return eachOne({
    items: transfers,
    jobs,
    context,
    nameOf: (one) => one.from,
    async work({ from, to }) {
      const source = remembering(await (await openPlace(from, context)).source());
      try {
        const place = await openPlace(to(imageNameOf(source)), context);
        // A shared base goes once: of several images with it, the first takes it along and the others find it there.
        const { images } = await readImage(source, { platforms: options.platforms, referrers: false });
        const layers = images.flatMap((image) =>
          image.layers.map((layer) => `${homeOf(place)} ${layer.descriptor.digest}`),
        );
        const giveBack = await claims.take(transfers.length > 1 ? layers : []);
        let finished = false;
        try {
          const done = await move(source, place, options, context);
          finished = true;
          return done;
        } finally {
          giveBack(finished);
        }
      } finally {
        await source.close();
      }
    },
    describe: (done) => describeOne(done, options.moved),
    summary: (done) =>
      done.length < 2
        ? undefined
        : `${done.length} images ${options.verb}: ${formatBytes(done.reduce((sum, one) => sum + one.bytes, 0))} ${options.moved}`,
    verb: options.verb,
  });
}

/** Moves one image: by a delta where one fits, and with deltas stored beside it where they are asked for. */
async function move(
  source: Source,
  place: Place,
  options: TransferOptions,
  context: PlaceContext,
): Promise<Transferred> {
  const bases = await openAll(options.deltaFrom ?? [], context);
  try {
    const pulled = await pullDelta(source, place, options, context);
    if (pulled !== undefined) return pulled;
    const { copyImage } = await import("../places/copy.ts");
    const sink = await place.sink();
    let done: Transferred;
    try {
      const from = place.transport === "docker" ? source : await withoutDeltas(source);
      const written = await copyImage(from, sink, {
        platforms: options.platforms,
        progress: context.progress,
        tempDir: context.tempDir,
        ...(context.signal === undefined ? {} : { signal: context.signal }),
      });
      done = { from: source.label, to: written.label, digest: written.digest, bytes: written.bytes };
      if (bases.length === 0) return done;
      const { storeDeltas } = await import("../delta/registry-delta-push.ts");
      const { digest } = written;
      const { platforms } = options;
      const deltas = await storeDeltas({ bases, local: source, place, digest, platforms, context });
      return { ...done, deltas };
    } finally {
      await sink.close();
    }
  } finally {
    for (const base of bases) await base.close();
  }
}

/** Only a registry has deltas, and only what keeps images of its own has bases for them. */
async function pullDelta(
  source: Source,
  place: Place,
  { deltas, platforms }: TransferOptions,
  context: PlaceContext,
): Promise<Transferred | undefined> {
  if (deltas === false || source.repository === undefined || place.transport === "docker") return undefined;
  const [{ setDeltasAside }, { readImage }] = await Promise.all([
    import("../delta/registry-delta.ts"),
    import("../places/image-tree.ts"),
  ]);
  const aside = setDeltasAside(source);
  const tree = await readImage(aside.source, { platforms });
  if (aside.deltas.size === 0) return undefined;
  const { pullByDelta } = await import("../delta/registry-delta-pull.ts");
  const sink = await place.sink();
  try {
    const pulled = await pullByDelta({ aside, tree, place, sink, context });
    if (pulled === undefined) return undefined;
    const { written, fetched, insteadOf } = pulled;
    return { from: source.label, to: written.label, digest: written.digest, bytes: fetched, insteadOf };
  } finally {
    await sink.close();
  }
}

async function withoutDeltas(source: Source): Promise<Source> {
  if (source.repository === undefined) return source;
  const { setDeltasAside } = await import("../delta/registry-delta.ts");
  return setDeltasAside(source).source;
}

/** Opens the images that deltas start from, and asks for each before anything is sent. */
async function openAll(names: readonly string[], context: PlaceContext): Promise<Source[]> {
  const sources: Source[] = [];
  try {
    const { openPlace } = await import("../places/open.ts");
    for (const name of names) {
      const source = await (await openPlace(name, context)).source();
      sources.push(source);
      await source.root();
    }
    return sources;
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
}

function describeOne(done: Transferred, moved: string): string {
  const saved = done.insteadOf === undefined ? "" : ` instead of ${formatBytes(done.insteadOf)}`;
  const bytes = done.bytes === 0 ? "was there already" : `${formatBytes(done.bytes)} ${moved}${saved}`;
  const deltas = (done.deltas ?? []).map(
    ({ base, bytes: size, insteadOf, platform }) =>
      `\n  delta from ${base} (${platform}): ${formatBytes(size)} instead of ${formatBytes(insteadOf)}`,
  );
  return `${done.to}: ${bytes}, ${done.digest.slice(0, 19)}${deltas.join("")}`;
}

/** A source that asks for each document once: registries count every manifest that is asked for. */
function remembering(source: Source): Source {
  let root: Promise<Document> | undefined;
  const documents = new Map<string, Promise<Document>>();
  const referrers = new Map<string, Promise<Descriptor[]>>();
  return {
    label: source.label,
    name: source.name,
    ...(source.repository === undefined ? {} : { repository: source.repository }),
    ...(source.unpacked === undefined ? {} : { unpacked: source.unpacked }),
    root() {
      root ??= source.root();
      return root;
    },
    readDocument(descriptor) {
      const known = documents.get(descriptor.digest) ?? source.readDocument(descriptor);
      documents.set(descriptor.digest, known);
      return known;
    },
    hasBlob: (descriptor) => source.hasBlob(descriptor),
    openBlob: (descriptor) => source.openBlob(descriptor),
    openLayer: (layer) => source.openLayer(layer),
    referrers(subject) {
      const known = referrers.get(subject) ?? source.referrers(subject);
      referrers.set(subject, known);
      return known;
    },
    close: () => source.close(),
  };
}

/** Where a place keeps its blobs: the registry, the engine, the folder or file. */
function homeOf({ transport, label }: Place): string {
  if (transport === "docker") return label.replace(/^(docker:\/\/[^/]+).*$/, "$1");
  return /^(?:oci|oci-archive|docker-archive|dir)$/.test(transport)
    ? label.split(":").slice(0, 2).join(":")
    : transport;
}

/** The lines of an `--images` file, blanks cut. Throws `LIST_MISSING`. */
export async function readImageList(path: string): Promise<string[]> {
  try {
    const text = path === "-" ? await readStandardInput() : await readFile(path, "utf8");
    return text
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
  } catch (cause) {
    throw new DdiffError("LIST_MISSING", `the list of images ${path} cannot be read: ${messageOf(cause)}`, {
      hint: "Name a file with one image a line.",
      cause,
    });
  }
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
