import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type Bucket, explainFailure, isMissing, nameOf, patiently, statusOf } from "./s3-client.ts";
import { sizeOf } from "./s3-content.ts";
import type { PartBuffer } from "./s3-part-buffer.ts";

/** A part that the service holds. */
export interface Part {
  etag: string;
  /** Bytes. */
  size: number;
}

/** Tries of what the SDK does not try again: bodies that are streams, and where something else is under way at the service. */
const tries = 8;

/** Begins a multipart upload and answers the service's id of it. */
export async function beginMultipart(bucket: Bucket, path: string): Promise<string> {
  return await explained(bucket, async () => {
    const Key = bucket.prefix + path;
    const answer = await bucket.client.send(
      new CreateMultipartUploadCommand({ Bucket: bucket.name, Key, ContentType: "application/octet-stream" }),
    );
    return answer.UploadId ?? "";
  });
}

/** Sends part `number` (from 1) of a multipart upload. */
export async function sendPart(
  bucket: Bucket,
  path: string,
  multipart: string,
  number: number,
  buffer: PartBuffer,
): Promise<Part> {
  const answer = await sendBody(bucket, buffer, (Body) =>
    bucket.client.send(
      new UploadPartCommand({
        Bucket: bucket.name,
        Key: bucket.prefix + path,
        UploadId: multipart,
        PartNumber: number,
        Body,
        ContentLength: buffer.size,
      }),
    ),
  );
  return { etag: answer.ETag ?? "", size: buffer.size };
}

/** Writes an object in one piece and answers its ETag. */
export async function sendObject(bucket: Bucket, path: string, buffer: PartBuffer): Promise<string> {
  const answer = await sendBody(bucket, buffer, (Body) =>
    bucket.client.send(
      new PutObjectCommand({
        Bucket: bucket.name,
        Key: bucket.prefix + path,
        Body,
        ContentLength: buffer.size,
        ContentType: "application/octet-stream",
      }),
    ),
  );
  return answer.ETag ?? "";
}

/** The parts of a multipart upload that follow part `after`, without a gap; undefined where the upload is not there (any more). */
export async function listParts(
  bucket: Bucket,
  path: string,
  multipart: string,
  after = 0,
): Promise<Part[] | undefined> {
  const parts: Part[] = [];
  let marker = after === 0 ? undefined : String(after);
  for (;;) {
    try {
      const answer = await bucket.client.send(
        new ListPartsCommand({
          Bucket: bucket.name,
          Key: bucket.prefix + path,
          UploadId: multipart,
          PartNumberMarker: marker,
        }),
      );
      for (const { PartNumber, ETag, Size } of answer.Parts ?? []) {
        if (PartNumber !== after + parts.length + 1) return parts;
        parts.push({ etag: ETag ?? "", size: Size ?? 0 });
      }
      if (answer.IsTruncated !== true || answer.NextPartNumberMarker === undefined) return parts;
      marker = answer.NextPartNumberMarker;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw explainFailure(bucket, error);
    }
  }
}

/**
 * Puts the parts together. `other` where the service holds other parts than those, and `before` where it held an object of their size
 * already: of an earlier try whose answer was lost, or of another server, so that its bytes are to be looked at.
 */
export async function completeMultipart(
  bucket: Bucket,
  path: string,
  multipart: string,
  parts: readonly Part[],
): Promise<"done" | "before" | "other"> {
  try {
    await patiently(() =>
      bucket.client.send(
        new CompleteMultipartUploadCommand({
          Bucket: bucket.name,
          Key: bucket.prefix + path,
          UploadId: multipart,
          MultipartUpload: { Parts: parts.map(({ etag }, i) => ({ PartNumber: i + 1, ETag: etag })) },
        }),
      ),
    );
    return "done";
  } catch (error) {
    const isInvalid = nameOf(error) === "InvalidPart";
    if (!isInvalid && !isMissing(error)) throw explainFailure(bucket, error);
    // The answer to an earlier try may have been lost, and parts deleted since.
    const total = parts.reduce((sum, { size }) => sum + size, 0);
    if ((await sizeOf(bucket, path)) === total) return "before";
    if (isInvalid) return "other";
    throw explainFailure(bucket, error);
  }
}

/** Forgets a multipart upload and its parts, if it is there. */
export async function abortMultipart(bucket: Bucket, path: string, multipart: string): Promise<void> {
  try {
    const Key = bucket.prefix + path;
    await bucket.client.send(
      new AbortMultipartUploadCommand({ Bucket: bucket.name, Key, UploadId: multipart }),
    );
  } catch (error) {
    if (!isMissing(error)) throw explainFailure(bucket, error);
  }
}

/** Multipart uploads below `path` that were begun before a time (milliseconds). */
export async function* listMultiparts(
  bucket: Bucket,
  path: string,
  before: number,
): AsyncGenerator<{ path: string; multipart: string }> {
  let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (;;) {
    const answer = await explained(bucket, () =>
      bucket.client.send(
        // Without a prefix: MinIO lists nothing for one that is not a whole key.
        new ListMultipartUploadsCommand({ Bucket: bucket.name, ...marker }),
      ),
    );
    for (const { Key, UploadId, Initiated } of answer.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || Initiated === undefined) continue;
      if (!Key.startsWith(bucket.prefix + path)) continue;
      if (Initiated.getTime() + 1000 > before) continue;
      yield { path: Key.slice(bucket.prefix.length), multipart: UploadId };
    }
    if (answer.IsTruncated !== true) return;
    marker = { KeyMarker: answer.NextKeyMarker, UploadIdMarker: answer.NextUploadIdMarker };
  }
}

async function sendBody<T>(
  bucket: Bucket,
  buffer: PartBuffer,
  send: (body: Buffer | Readable) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const body = buffer.body();
    try {
      return await send(body);
    } catch (error) {
      const status = statusOf(error);
      const passing = status === undefined || status >= 500 || [408, 409, 429].includes(status);
      if (!passing || (!buffer.streams && status !== 409) || attempt === tries)
        throw explainFailure(bucket, error);
    } finally {
      if (!Buffer.isBuffer(body)) body.destroy();
    }
    await wait(Math.random() * Math.min(20_000, 200 * 2 ** attempt));
  }
}

async function explained<T>(bucket: Bucket, work: () => Promise<T>): Promise<T> {
  try {
    return await patiently(work);
  } catch (error) {
    throw explainFailure(bucket, error);
  }
}
