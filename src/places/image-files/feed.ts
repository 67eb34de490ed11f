import type { Readable } from "node:stream";
import { isDdiffError } from "../../util/errors.ts";
import type { Progress } from "../../util/progress.ts";
import type { OutgoingBlob, OutgoingImage } from "../place.ts";
import { counted } from "./counted.ts";
import { tidyArchive } from "./cut-off.ts";

/** How an image is fed to an engine as an archive. */
export interface Feed {
  /** For the progress line: `loading torch-app:2 into Docker`. */
  label: string;
  /** Whether the engine has this blob already. */
  has(blob: OutgoingBlob): boolean | Promise<boolean>;
  /** The archive, without those blobs that are not lacking. */
  archive(lacks: (blob: OutgoingBlob) => boolean): Readable;
  /** Gives it to the engine. `signal` says when to give that up. */
  load(archive: Readable, signal: AbortSignal): Promise<void>;
}

interface FeedOptions {
  progress: Progress;
  signal?: AbortSignal;
}

/**
 * Feeds an image, what the engine has left out; where it refuses that after all (what it had was removed meanwhile, or it is
 * of a version that wants everything), once more with all. Answers the bytes of the blobs sent. Throws what `load` throws,
 * but the archive's own failure first, and the signal's reason.
 */
export async function feedEngine(image: OutgoingImage, feed: Feed, options: FeedOptions): Promise<number> {
  const known = new Set<string>();
  for (const blob of image.blobs) if (await feed.has(blob)) known.add(blob.descriptor.digest);
  try {
    return await send(image, feed, (blob) => !known.has(blob.descriptor.digest), options);
  } catch (error) {
    if (known.size === 0 || !isDdiffError(error, "ENGINE_REFUSED")) throw error;
    options.progress.note("The engine wants the layers that it has as well; sending all of them.");
    return await send(image, feed, () => true, options);
  }
}

async function send(
  image: OutgoingImage,
  feed: Feed,
  lacks: (blob: OutgoingBlob) => boolean,
  { progress, signal }: FeedOptions,
): Promise<number> {
  signal?.throwIfAborted();
  const bytes = image.blobs.filter(lacks).reduce((sum, blob) => sum + blob.descriptor.size, 0);
  const task = progress.task(feed.label, bytes);
  const archive = tidyArchive(
    counted(feed.archive(lacks), (count) => task.advance(count)),
    signal,
  );
  try {
    await feed.load(archive.stream, archive.giveUp);
  } catch (error) {
    if (archive.failure() === undefined) {
      signal?.throwIfAborted();
      throw error;
    }
  } finally {
    archive.done();
    archive.stream.destroy();
    task.end();
  }
  const failure = archive.failure();
  if (failure !== undefined) throw failure.reason;
  signal?.throwIfAborted();
  return bytes;
}
