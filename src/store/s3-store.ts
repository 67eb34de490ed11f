import { s3Blobs } from "./s3-blobs.ts";
import { type Bucket, connectBucket } from "./s3-client.ts";
import { sendObject } from "./s3-multipart.ts";
import { s3Objects } from "./s3-objects.ts";
import { openPartBuffer } from "./s3-part-buffer.ts";
import { probeConditions } from "./s3-probe.ts";
import { s3Uploads } from "./s3-uploads.ts";
import { parseS3Url } from "./s3-url.ts";
import type { Store } from "./store.ts";

/** Tries of a request: a service may be away for some ten seconds. */
const attempts = 8;
/** Tries while opening, where a wrong address should be said soon. */
const attemptsToOpen = 3;
/** Folders whose objects come and go. */
const folders = ["data", "tails", "trash", "uploads"];

/**
 * A store in a bucket of Amazon S3 or a service like it: `s3://bucket/prefix?endpoint=http://host:port&region=…&path-style=true`. Several
 * servers may use one bucket at once. Credentials are those of `AWS_*` in `env`, else what the SDK finds.
 *
 * Throws `STORE_URL_INVALID`, `S3_BUCKET_MISSING`, `S3_DENIED`, `S3_REGION_WRONG`, `S3_UNREACHABLE`, and `S3_UNSUITABLE` for a service that
 * does not heed conditions on writes. Any method may throw these, `S3_UNAVAILABLE` and `S3_FAILED` later.
 */
export async function openS3Store(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Store> {
  const location = parseS3Url(url, env);
  const trial = connectBucket(location, env, attemptsToOpen);
  let claimed: boolean;
  try {
    ({ conditionalDelete: claimed } = await probeConditions(trial));
    if (!isAmazon(location.endpoint)) await keepFolders(trial);
  } finally {
    trial.client.destroy();
  }
  const bucket = connectBucket(location, env, attempts);
  // Other services may look at the condition first and delete then, with another server's write between the two, which no trial shows.
  if (claimed) bucket.conditionalDelete = isAmazon(location.endpoint) ? "sure" : "claimed";
  const blobs = s3Blobs(bucket);
  return {
    label: `s3://${location.bucket}/${location.prefix}`.replace(/\/$/, ""),
    shared: true,
    ...s3Objects(bucket),
    ...blobs.store,
    ...s3Uploads(bucket, blobs),
    async close() {
      bucket.client.destroy();
    },
  };
}

/**
 * Puts an empty object into each folder. A service on a file system removes a folder with its last object, and versitygw 1.8.0 then says of
 * an object that is put there at the same moment that it was written, although it was not.
 */
async function keepFolders(bucket: Bucket): Promise<void> {
  await Promise.all(folders.map((folder) => sendObject(bucket, `${folder}/keep`, openPartBuffer(1))));
}

function isAmazon(endpoint: string | undefined): boolean {
  return endpoint === undefined || /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}
