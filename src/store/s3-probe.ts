import { randomBytes } from "node:crypto";
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { DdiffError } from "../util/errors.ts";
import { type Bucket, explainFailure, isMissing, statusOf } from "./s3-client.ts";

/** Writers that try to create one object at once: exactly one of them may succeed. */
const racers = 8;

/**
 * Tries whether a service heeds conditions on writes, as several servers on one bucket need it, by a few requests on an object of its
 * own. Throws `S3_UNSUITABLE` where it does not, and what opening may throw (missing bucket, wrong credentials).
 *
 * @returns whether conditions on deletes are heeded too
 */
export async function probeConditions(bucket: Bucket): Promise<{ conditionalDelete: boolean }> {
  const Key = `${bucket.prefix}probe/${randomBytes(16).toString("base64url")}`;
  const key = { Bucket: bucket.name, Key };
  const put = async (body: string, condition: { IfMatch?: string; IfNoneMatch?: string }) => {
    try {
      const answer = await bucket.client.send(new PutObjectCommand({ ...key, Body: body, ...condition }));
      return answer.ETag ?? "";
    } catch (error) {
      const status = statusOf(error);
      if (status === 412 || status === 409 || (status === 404 && isMissing(error))) return undefined;
      if (status === 501) throw unsuitable(bucket);
      throw explainFailure(bucket, error);
    }
  };
  try {
    const foreign = `"${"0".repeat(32)}"`;
    // The first request alone, so that a missing bucket or a wrong key is said once.
    if ((await put("0", { IfMatch: foreign })) !== undefined) throw unsuitable(bucket);
    const race = await Promise.all(
      Array.from({ length: racers }, (_, racer) => put(`1.${racer}`, { IfNoneMatch: "*" })),
    );
    const [first, second] = race.filter((version) => version !== undefined);
    if (first === undefined || second !== undefined) throw unsuitable(bucket);
    if ((await put("2", { IfMatch: foreign })) !== undefined) throw unsuitable(bucket);
    const version = await put("3", { IfMatch: first });
    if (version === undefined || version === first) throw unsuitable(bucket);
    return { conditionalDelete: await heedsOnDelete(bucket, key, first) };
  } finally {
    await bucket.client.send(new DeleteObjectCommand(key)).catch(() => undefined);
  }
}

async function heedsOnDelete(
  bucket: Bucket,
  key: { Bucket: string; Key: string },
  stale: string,
): Promise<boolean> {
  try {
    await bucket.client.send(new DeleteObjectCommand({ ...key, IfMatch: stale }));
    return false;
  } catch (error) {
    if (statusOf(error) === 501 || statusOf(error) === 400) return false;
    if (statusOf(error) !== 412) throw explainFailure(bucket, error);
  }
  await bucket.client.send(new HeadObjectCommand(key));
  return true;
}

function unsuitable(bucket: Bucket): DdiffError {
  return new DdiffError(
    "S3_UNSUITABLE",
    `${bucket.service} does not heed If-Match and If-None-Match on writes, so servers on bucket "${bucket.name}" would lose updates.`,
    { hint: "Use a service with conditional writes; docs/server-s3.md lists those that were tried." },
  );
}
