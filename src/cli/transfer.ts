import { readFile } from "node:fs/promises";
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

/** One image and where it goes, as places. The destination may depend on the name that the source's image has. */
export interface Transfer {
  from: string;
  to: (imageName: string) => string;
}

/** Moves every image, several at a time, one failure not stopping the rest. Sources and sinks are closed. */
export async function transfer(
  transfers: readonly Transfer[],
  options: { platforms: Platform[]; jobs: string | undefined; command: string; verb: string; moved: string },
  context: PlaceContext,
): Promise<Outcome> {
  const jobs = Number(options.jobs ?? "4");
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) {
    throw usageError(`--jobs is not a number from 1 to 64: ${JSON.stringify(options.jobs)}`, options.command);
  }
  const [{ copyImage }, { readImage }, { openPlace }, { imageNameOf }] = await Promise.all([
    import("../places/copy.ts"),
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
        const sink = await place.sink();
        try {
          const written = await copyImage(source, sink, {
            platforms: options.platforms,
            progress: context.progress,
            tempDir: context.tempDir,
            ...(context.signal === undefined ? {} : { signal: context.signal }),
          });
          finished = true;
          return { from: source.label, to: written.label, digest: written.digest, bytes: written.bytes };
        } finally {
          giveBack(finished);
          await sink.close();
        }
      } finally {
        await source.close();
      }
    },
    describe: (done) =>
      `${done.to}: ${done.bytes === 0 ? "was there already" : `${formatBytes(done.bytes)} ${options.moved}`}, ${done.digest.slice(0, 19)}`,
    summary: (done) =>
      done.length < 2
        ? undefined
        : `${done.length} images ${options.verb}: ${formatBytes(done.reduce((sum, one) => sum + one.bytes, 0))} ${options.moved}`,
    verb: options.verb,
  });
}

/** A source that asks for each document once: registries count every manifest that is asked for. */
function remembering(source: Source): Source {
  let root: Promise<Document> | undefined;
  const documents = new Map<string, Promise<Document>>();
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
    referrers: (subject) => source.referrers(subject),
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
