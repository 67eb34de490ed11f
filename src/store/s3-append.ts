import { DdiffError } from "../util/errors.ts";
import { dataPath } from "./s3-blobs.ts";
import type { Bucket } from "./s3-client.ts";
import { fillWithTail, type LiveUpload, saveUpload } from "./s3-live-upload.ts";
import { beginMultipart, type Part, sendPart } from "./s3-multipart.ts";
import { openPartBuffer, type PartBuffer } from "./s3-part-buffer.ts";
import { leastPart, mostParts, partSize } from "./s3-part-plan.ts";
import { mostTailInline } from "./s3-upload-state.ts";

/** Parts of one upload on their way to the service at once, while the next one fills. */
const flightsOfUpload = 2;
/** Parts of all uploads on their way at once: with 16 MiB at most in memory, this bounds what a busy server holds. */
const flightsOfAll = 6;
/** Milliseconds after which a long upload says that it is alive, and how far it is. */
const sayAfter = 60_000;

/** Runs work of all uploads, so much at once. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

/** Slots for parts on their way. */
export function flightSlots(): Slots {
  let free = flightsOfAll;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

/** Runs work with so many bytes in memory in a slot, unless they are few. */
export async function heavy<T>(slots: Slots, bytes: number, work: () => Promise<T>): Promise<T> {
  return await (bytes > 256 * 1024 ? slots(work) : work());
}

/**
 * Appends what comes to an upload: full parts go to the service while the next one fills, and what is left in the end becomes the tail.
 * When the source fails or brings more than `limit` bytes in all, what came before stays and the error is thrown. After any other
 * error the upload must be loaded anew.
 */
export async function appendTo(
  bucket: Bucket,
  slots: Slots,
  live: LiveUpload,
  source: AsyncIterable<Buffer>,
  limit: number,
): Promise<{ failure?: unknown }> {
  const sender = partSender(bucket, slots, live);
  let size = live.partBytes + live.tailSize;
  let buffer = openPartBuffer(partSize(sender.next()));
  let result: { failure?: unknown } = {};
  let said = performance.now();
  const input = source[Symbol.asyncIterator]();
  try {
    await fillWithTail(bucket, live, buffer);
    for (;;) {
      let chunk: Buffer;
      try {
        const { done, value } = await input.next();
        if (done) break;
        chunk = value;
      } catch (failure) {
        result = { failure };
        break;
      }
      if (size + chunk.length > limit) {
        result = { failure: tooLarge(limit) };
        break;
      }
      size += chunk.length;
      live.digester?.update(chunk);
      for (let at = 0; at < chunk.length; ) {
        const piece = chunk.subarray(at, at + buffer.room);
        await buffer.write(piece);
        at += piece.length;
        if (buffer.room > 0) continue;
        const full = buffer;
        buffer = emptyBuffer;
        await sender.send(full);
        if (performance.now() - said > sayAfter) {
          await sender.settle();
          await saveUpload(bucket, live, undefined);
          said = performance.now();
        }
        buffer = openPartBuffer(partSize(sender.next()));
      }
    }
    await sender.settle();
    if (isPart(buffer, live.parts.length + 1)) {
      const last = buffer;
      buffer = emptyBuffer;
      await sender.send(last);
      await sender.settle();
    }
    const rest = buffer;
    await heavy(slots, rest.size, () => saveUpload(bucket, live, rest));
  } finally {
    // Whatever came of it, no part may still be on its way, and nobody reads the source any more.
    await sender.settle().catch(() => undefined);
    await buffer.dispose();
    await Promise.resolve(input.return?.()).catch(() => undefined);
  }
  return result;
}

/** Sends the tail as the last part. */
export async function sendTail(bucket: Bucket, slots: Slots, live: LiveUpload): Promise<void> {
  if (live.tailSize === 0) return;
  const sender = partSender(bucket, slots, live);
  const buffer = openPartBuffer(Math.max(partSize(sender.next()), live.tailSize));
  try {
    await fillWithTail(bucket, live, buffer);
  } catch (error) {
    await buffer.dispose();
    throw error;
  }
  await sender.send(buffer);
  await sender.settle();
}

/** In place of a buffer that was handed on. */
const emptyBuffer: PartBuffer = {
  size: 0,
  room: 0,
  streams: false,
  write: () => Promise.reject(new Error("no buffer")),
  body: () => Buffer.alloc(0),
  dispose: () => Promise.resolve(),
};

/** Whether the rest of an append is rather sent as a part than kept: where it is too large to be kept cheaply. */
function isPart(buffer: PartBuffer, number: number): boolean {
  return buffer.size >= mostTailInline && buffer.size >= leastPart && buffer.size >= partSize(number) / 2;
}

function partSender(bucket: Bucket, slots: Slots, live: LiveUpload) {
  const flights = new Set<Promise<void>>();
  const sent: (Part | undefined)[] = [];
  let failure: { error: unknown } | undefined;

  return {
    /** The number of the part that is sent next. */
    next: () => live.parts.length + sent.length + 1,
    /** Sends a part and disposes of its buffer; waits while too many are on their way, and throws what an earlier one failed with. */
    async send(buffer: PartBuffer): Promise<void> {
      try {
        const number = this.next();
        if (number > mostParts) throw tooLarge(live.partBytes + live.tailSize);
        const multipart = live.multipart ?? (await begin());
        const atOnce = buffer.streams ? 1 : flightsOfUpload;
        while (flights.size >= atOnce) await Promise.race(flights);
        if (failure !== undefined) throw failure.error;
        const index = sent.push(undefined) - 1;
        const landed: Promise<void> = slots(() =>
          sendPart(bucket, dataPath(live.id), multipart, number, buffer),
        )
          .then((part) => {
            sent[index] = part;
          })
          .finally(() => buffer.dispose())
          .catch((error: unknown) => {
            failure ??= { error };
          })
          .finally(() => flights.delete(landed));
        flights.add(landed);
      } catch (error) {
        await buffer.dispose();
        throw error;
      }
    },
    /** Waits for what is on its way, and takes it into the upload. */
    async settle(): Promise<void> {
      await Promise.all(flights);
      if (failure !== undefined) throw failure.error;
      for (const part of sent.splice(0)) {
        if (part === undefined) break;
        live.parts.push(part);
        live.partBytes += part.size;
        live.tailSize = 0;
        live.tail = Buffer.alloc(0);
      }
    },
  };

  /** The state names the multipart upload before its first part is sent, so that another server finds the parts. */
  async function begin(): Promise<string> {
    const multipart = await beginMultipart(bucket, dataPath(live.id));
    live.multipart = multipart;
    const tail = openPartBuffer(Math.max(1, live.tailSize));
    try {
      await fillWithTail(bucket, live, tail);
      await saveUpload(bucket, live, tail);
    } finally {
      await tail.dispose();
    }
    return multipart;
  }
}

function tooLarge(limit: number): DdiffError {
  return new DdiffError("UPLOAD_TOO_LARGE", `The upload has more than the ${limit} bytes allowed.`);
}
