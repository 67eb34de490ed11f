import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { dockerArchivePlace } from "../docker-archive.ts";
import { ociArchivePlace } from "../oci-archive.ts";
import type { PlaceContext, Source } from "../place.ts";
import { processMark } from "../../util/process-mark.ts";
import { explainWriteError, writeAll } from "../temp-files.ts";

/** How an engine hands out a whole image. */
export interface SavedImage {
  label: string;
  name: string | undefined;
  form: "docker-archive" | "oci-archive";
  /** The engine's export; read once. */
  save(): Promise<Readable>;
}

/**
 * The reading face of an image that an engine exports as a whole: written once to a temporary file, which loses its name as soon
 * as it is open, so nothing is left however the process ends. Throws `DISK_FULL`, and what the archive's reader throws.
 */
export async function savedImageSource(image: SavedImage, context: PlaceContext): Promise<Source> {
  const path = join(context.tempDir, `ddiff-${processMark()}.tar`);
  const task = context.progress.task(`exporting ${image.name ?? image.label}`);
  try {
    const stream = await image.save();
    const abort = (): void => void stream.destroy(asError(context.signal?.reason));
    context.signal?.addEventListener("abort", abort);
    const file = await open(path, "wx", 0o600);
    try {
      await writeAll(stream, file, (bytes) => task.advance(bytes));
    } finally {
      context.signal?.removeEventListener("abort", abort);
      stream.destroy();
      await file.close();
    }
    const place = image.form === "docker-archive" ? dockerArchivePlace : ociArchivePlace;
    const source = await place(path, context).source();
    return { ...source, label: image.label, name: image.name };
  } catch (error) {
    throw explainWriteError(error, context.tempDir);
  } finally {
    task.end();
    await rm(path, { force: true });
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted");
}
