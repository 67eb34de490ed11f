import type { Readable } from "node:stream";
import { isDdiffError } from "../../util/errors.ts";
import type { Progress } from "../../util/progress.ts";
import type { OutgoingBlob, OutgoingImage } from "../place.ts";
import { counted } from "./counted.ts";

/** How an image is fed to an engine as an archive. */
export interface Feed {
  /** For the progress line: `loading torch-app:2 into Docker`. */
  label: string;
  /** Whether the engine has this blob already. */
  has(blob: OutgoingBlob): boolean | Promise<boolean>;
  /** The archive, without those blobs that are not lacking. */
  archive(lacks: (blob: OutgoingBlob) => boolean): Readable;
  /** Gives it to the engine. */
  load(archive: Readable): Promise<void>;
}

/**
 * Feeds an image, what the engine has left out; where it refuses that after all (what it had was removed meanwhile, or it is
 * of a version that wants everything), once more with all. Answers the bytes of the blobs sent. Throws what `load` throws.
 */
export async function feedEngine(
  image: OutgoingImage,
  feed: Feed,
  options: { progress: Progress; signal?: AbortSignal },
): Promise<number> {
  const known = new Set<string>();
  for (const blob of image.blobs) if (await feed.has(blob)) known.add(blob.descriptor.digest);
  const send = async (lacks: (blob: OutgoingBlob) => boolean): Promise<number> => {
    options.signal?.throwIfAborted();
    const sent = image.blobs.filter(lacks).reduce((sum, blob) => sum + blob.descriptor.size, 0);
    const task = options.progress.task(feed.label, sent);
    const archive = counted(feed.archive(lacks), (bytes) => task.advance(bytes));
    try {
      await feed.load(archive);
      return sent;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      archive.destroy();
      task.end();
    }
  };
  try {
    return await send((blob) => !known.has(blob.descriptor.digest));
  } catch (error) {
    if (known.size === 0 || !isDdiffError(error, "ENGINE_REFUSED")) throw error;
    options.progress.note(
      "The engine does not take the image without the layers that it has; sending all of them.",
    );
    return await send(() => true);
  }
}
