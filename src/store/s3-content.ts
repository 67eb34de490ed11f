import { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { DdiffError } from "../util/errors.ts";
import { type Bucket, explainFailure, isMissing, patiently, statusOf } from "./s3-client.ts";
import type { ByteRange } from "./store.ts";

/** Times in a row that a transfer may break without having brought a byte. */
const mostBreaks = 5;
/** Looks for an object that should be there, within about six seconds. */
const mostLooks = 7;

/**
 * The bytes of an object that nobody changes; undefined where there is none, or another than `version` (its ETag). A transfer that
 * breaks goes on from where it was, so that a pull survives a restart of the service. Destroying the stream closes the transfer.
 */
export async function readContent(
  bucket: Bucket,
  path: string,
  size: number,
  range?: ByteRange,
  version?: string,
): Promise<Readable | undefined> {
  let at = range?.start ?? 0;
  const end = Math.min(range?.end ?? size, size);
  let body = at < end ? await open(at) : Readable.from([]);
  if (body === undefined) return undefined;
  let left = false;

  async function open(from: number): Promise<Readable | undefined> {
    try {
      const answer = await bucket.client.send(
        new GetObjectCommand({
          Bucket: bucket.name,
          Key: bucket.prefix + path,
          ...(version === undefined ? {} : { IfMatch: version }),
          ...(from === 0 && end === size ? {} : { Range: `bytes=${from}-${end - 1}` }),
        }),
      );
      return answer.Body as Readable;
    } catch (error) {
      if (isMissing(error) || (version !== undefined && statusOf(error) === 412)) return undefined;
      throw explainFailure(bucket, error);
    }
  }

  async function* bytes(): AsyncGenerator<Buffer> {
    for (let breaks = 0; ; ) {
      let failure: unknown = new Error("the transfer ended early");
      try {
        for await (const chunk of body ?? []) {
          breaks = 0;
          at += (chunk as Buffer).length;
          yield chunk as Buffer;
        }
        if (at >= end) return;
      } catch (error) {
        failure = error;
      }
      if (left || ++breaks > mostBreaks) throw explainFailure(bucket, failure);
      await wait(100 * 2 ** breaks);
      body = await open(at);
      if (body === undefined || left) {
        body?.destroy();
        throw explainFailure(bucket, failure);
      }
    }
  }

  const stream = Readable.from(bytes(), { objectMode: false, highWaterMark: 1024 * 1024 });
  stream.once("close", () => {
    left = true;
    body?.destroy();
  });
  return stream;
}

/** Bytes of an object, undefined where there is none. */
export async function sizeOf(bucket: Bucket, path: string): Promise<number | undefined> {
  try {
    const Key = bucket.prefix + path;
    return (await bucket.client.send(new HeadObjectCommand({ Bucket: bucket.name, Key }))).ContentLength;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw explainFailure(bucket, error);
  }
}

/**
 * Looks whether an object is there that the service said it had written, before anything builds on it. Services were seen to say "done"
 * to the second try of a request whose first one had been cut off by a crash, or is still under way. Throws `S3_FAILED`.
 */
export async function assureObject(bucket: Bucket, path: string, size: number): Promise<void> {
  for (let look = 1; ; look++) {
    const found = await sizeOf(bucket, path);
    if (found === size) return;
    if (found !== undefined || look === mostLooks) {
      const instead = found === undefined ? "has no such object" : `it has ${found} bytes instead of ${size}`;
      throw new DdiffError(
        "S3_FAILED",
        `${bucket.service} said that it wrote "${bucket.prefix}${path}", and ${instead}.`,
        { hint: "Push again." },
      );
    }
    await wait(50 * 2 ** look);
  }
}

/** Deletes an object that nobody else writes, if it is there. */
export async function removeObject(bucket: Bucket, path: string): Promise<void> {
  try {
    const Key = bucket.prefix + path;
    await patiently(() => bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key })));
  } catch (error) {
    if (!isMissing(error)) throw explainFailure(bucket, error);
  }
}
