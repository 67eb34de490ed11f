import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { type Bucket, explainFailure, isMissing, patiently, statusOf, wasRetried } from "./s3-client.ts";
import type { Condition, ObjectInfo } from "./store.ts";

/*
 * A cell is a small object that several servers may write at once. An ETag is a hash of the content, so that writing the same
 * content again would not change it, and a writer that saw the old one would not notice. Every cell therefore ends in a nonce. By
 * the nonce a writer also knows its own write again when the answer was lost and the SDK tried a second time.
 *
 * Where a service does not heed If-Match on deletes, or not for sure, a deleted cell stays as an object of no bytes, which counts as
 * absent.
 */

/** What a cell holds, and the version and time of it. */
export interface Cell extends ObjectInfo {
  bytes: Buffer;
  version: string;
}

/** Bytes of the nonce at a cell's end: a line break and 16 random bytes in base64url. */
export const nonceBytes = 23;

/** Tries of something that another server may get in between. */
const rounds = 20;

/** A cell, undefined where there is none. */
export async function readCell(bucket: Bucket, path: string): Promise<Cell | undefined> {
  const raw = await readRaw(bucket, path);
  return raw === undefined || raw.bytes.length < nonceBytes
    ? undefined
    : { ...raw, bytes: raw.bytes.subarray(0, -nonceBytes), size: raw.bytes.length - nonceBytes };
}

/** What is known of a cell without reading it. */
export async function statCell(
  bucket: Bucket,
  path: string,
): Promise<(ObjectInfo & { version: string }) | undefined> {
  try {
    const answer = await bucket.client.send(
      new HeadObjectCommand({ Bucket: bucket.name, Key: bucket.prefix + path }),
    );
    const size = (answer.ContentLength ?? 0) - nonceBytes;
    return size < 0 ? undefined : { size, modified: modifiedOf(answer), version: answer.ETag ?? "" };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw explainFailure(bucket, error);
  }
}

/** Writes a cell and answers its version. Throws `STORE_CONFLICT` where the condition does not hold. */
export async function writeCell(
  bucket: Bucket,
  path: string,
  bytes: Buffer | Buffer[],
  condition?: Condition,
): Promise<string> {
  const nonce = Buffer.from(`\n${randomBytes(16).toString("base64url")}`);
  const body = Buffer.concat([bytes, nonce].flat());
  let match = condition !== undefined && "version" in condition ? condition.version : undefined;
  for (let round = 0; round < rounds; round++) {
    try {
      const answer = await patiently(() =>
        bucket.client.send(
          new PutObjectCommand({
            Bucket: bucket.name,
            Key: bucket.prefix + path,
            Body: body,
            Metadata: { at: String(Date.now()) },
            ...(condition === undefined
              ? {}
              : match === undefined
                ? { IfNoneMatch: "*" }
                : { IfMatch: match }),
          }),
        ),
      );
      return answer.ETag ?? "";
    } catch (error) {
      if (condition === undefined || !isConflict(error)) throw explainFailure(bucket, error);
    }
    const now = await readRaw(bucket, path);
    if (now?.bytes.subarray(-nonceBytes).equals(nonce)) return now.version;
    const free = now === undefined || now.bytes.length < nonceBytes;
    if ("absent" in condition ? !free : now?.version !== match) throw conflict(path);
    // Nothing stands against us now: another write was under way (status 409), or a deleted cell's remains lie there.
    if ("absent" in condition) match = now?.version;
    await wait(Math.random() * 20 * round);
  }
  throw conflict(path);
}

/** Writes a cell again as it is, so that its time and version are new; false where there is none. */
export async function touchCell(bucket: Bucket, path: string): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    const cell = await readCell(bucket, path);
    if (cell === undefined) return false;
    try {
      await writeCell(bucket, path, cell.bytes, { version: cell.version });
      return true;
    } catch (error) {
      if (!isDdiffError(error, "STORE_CONFLICT")) throw error;
    }
    await wait(Math.random() * 20 * round);
  }
  throw conflict(path);
}

/** Deletes a cell; whether there was one. Throws `STORE_CONFLICT` where the condition does not hold. */
export async function deleteCell(bucket: Bucket, path: string, condition?: Condition): Promise<boolean> {
  const Key = bucket.prefix + path;
  let really = bucket.conditionalDelete === "sure";
  for (let round = 0; round < rounds; round++) {
    const cell = await statCell(bucket, path);
    if (condition !== undefined && !holds(condition, cell?.version)) throw conflict(path);
    if (cell === undefined) return false;
    try {
      const request = { Bucket: bucket.name, Key, IfMatch: cell.version };
      if (really) await bucket.client.send(new DeleteObjectCommand(request));
      else await bucket.client.send(new PutObjectCommand({ ...request, Body: Buffer.alloc(0) }));
      return true;
    } catch (error) {
      if (!isConflict(error)) throw explainFailure(bucket, error);
      // Services on file systems cannot replace an object of a very long name, and answer 409 for ever.
      if (statusOf(error) === 409 && round > 2) really = bucket.conditionalDelete !== "none";
      // Our own first try may have been carried out although its answer was lost.
      if (wasRetried(error) && (await statCell(bucket, path)) === undefined) return true;
    }
    await wait(Math.random() * 20 * round);
  }
  throw conflict(path);
}

/** Deletes a cell unless it was written or touched at or after `unlessSince` (milliseconds); whether it did. */
export async function deleteIdleCell(bucket: Bucket, path: string, unlessSince: number): Promise<boolean> {
  const cell = await statCell(bucket, path);
  if (cell === undefined || cell.modified >= unlessSince) return false;
  try {
    // A touch changes the version: one that came after the look above keeps the cell.
    return await deleteCell(bucket, path, { version: cell.version });
  } catch (error) {
    if (isDdiffError(error, "STORE_CONFLICT")) return false;
    throw error;
  }
}

/** When an object was last written, in milliseconds. */
function modifiedOf(answer: HeadObjectCommandOutput | GetObjectCommandOutput): number {
  const second = answer.LastModified?.getTime() ?? Date.now();
  // The service tells whole seconds. The writer's clock is finer and is taken where both agree; else the second's end, as
  // something must rather pass for too new than be collected.
  const at = Number(answer.Metadata?.["at"]);
  return at >= second - 2000 && at < second + 1000 ? at : second + 999;
}

/** What `put`, `touch` and `delete` throw when somebody else was faster. */
function conflict(path: string): DdiffError {
  return new DdiffError("STORE_CONFLICT", `"${path}" was changed by somebody else meanwhile.`);
}

async function readRaw(bucket: Bucket, path: string): Promise<Cell | undefined> {
  for (let attempt = 1; ; attempt++) {
    let answer: GetObjectCommandOutput;
    try {
      answer = await bucket.client.send(
        new GetObjectCommand({ Bucket: bucket.name, Key: bucket.prefix + path }),
      );
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw explainFailure(bucket, error);
    }
    try {
      const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      return { bytes, size: bytes.length, version: answer.ETag ?? "", modified: modifiedOf(answer) };
    } catch (error) {
      // The SDK retries until the answer begins; a connection that breaks in the middle of it is for us to try again.
      if (attempt === 4) throw explainFailure(bucket, error);
      await wait(100 * 4 ** attempt);
    }
  }
}

function holds(condition: Condition, version: string | undefined): boolean {
  return "absent" in condition ? version === undefined : version === condition.version;
}

/** 412: the condition does not hold; 409: another write is under way; 404: If-Match on what is not there. */
function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || status === 409 || isMissing(error);
}
