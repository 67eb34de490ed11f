import { readFile } from "node:fs/promises";
import type { Platform } from "../oci/platform.ts";
import type { PlaceContext } from "../places/place.ts";
import { formatBytes } from "../util/bytes.ts";
import { DdiffError, messageOf } from "../util/errors.ts";
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
  options: { platforms: Platform[]; jobs: string | undefined; command: string; verb: string },
  context: PlaceContext,
): Promise<Outcome> {
  const jobs = Number(options.jobs ?? "4");
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) {
    throw usageError(`--jobs is not a number from 1 to 64: ${JSON.stringify(options.jobs)}`, options.command);
  }
  const [{ copyImage }, { openPlace }, { imageNameOf }] = await Promise.all([
    import("../places/copy.ts"),
    import("../places/open.ts"),
    import("./names.ts"),
  ]);
  return eachOne({
    items: transfers,
    jobs,
    context,
    nameOf: (one) => one.from,
    async work({ from, to }) {
      const source = await (await openPlace(from, context, "engine")).source();
      try {
        const sink = await (await openPlace(to(imageNameOf(source)), context, "engine")).sink();
        try {
          const written = await copyImage(source, sink, {
            platforms: options.platforms,
            progress: context.progress,
            tempDir: context.tempDir,
            ...(context.signal === undefined ? {} : { signal: context.signal }),
          });
          return { from: source.label, to: written.label, digest: written.digest, bytes: written.bytes };
        } finally {
          await sink.close();
        }
      } finally {
        await source.close();
      }
    },
    describe: (done) =>
      `${done.to}: ${done.bytes === 0 ? "was there already" : `${formatBytes(done.bytes)} sent`}, ${done.digest.slice(0, 19)}`,
    summary: (done) =>
      done.length < 2
        ? undefined
        : `${done.length} images ${options.verb}: ${formatBytes(done.reduce((sum, one) => sum + one.bytes, 0))} sent`,
    verb: options.verb,
  });
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
