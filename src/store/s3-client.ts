import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { DdiffError, messageOf } from "../util/errors.ts";
import { patientRetries } from "./s3-retries.ts";
import type { S3Location } from "./s3-url.ts";

/** A bucket, and what stands before all our keys in it. */
export interface Bucket {
  client: S3Client;
  name: string;
  prefix: string;
  /** The service, for sentences: its endpoint, or Amazon's name. */
  service: string;
  /** Whether `If-Match` holds for deletes too: `sure` without a gap between look and delete, `claimed` perhaps with one. */
  conditionalDelete: "sure" | "claimed" | "none";
}

/** Sockets without work that are kept for the next request. */
const idleSockets = 32;
/** Pulls hold a socket each for as long as they run, so this is far above what a server has at once. */
const mostSockets = 2048;
/** Milliseconds: a request that answers nothing for this long has failed. A service that puts 10,000 parts together may think for minutes. */
const silence = 10 * 60_000;
/** Tries of what another request to the service was in the way of. */
const patience = 8;

/**
 * A client for a bucket. Credentials are those of `env`, else what the SDK finds (profiles, web identity, the machine's role).
 * Requests that fail for a passing reason are tried again, `attempts` times in all.
 */
export function connectBucket(
  location: S3Location,
  env: Readonly<Record<string, string | undefined>>,
  attempts: number,
): Bucket {
  const agent = { keepAlive: true, maxSockets: mostSockets, maxFreeSockets: idleSockets };
  const config: S3ClientConfig = {
    forcePathStyle: location.pathStyle,
    maxAttempts: attempts,
    retryStrategy: patientRetries(attempts),
    // What goes wrong is thrown, and said by whoever asked; the SDK would write warnings to the terminal.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    // Services other than Amazon's refuse or spoil the checksums that newer SDKs add.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      connectionTimeout: 10_000,
      socketTimeout: silence,
    },
  };
  if (location.endpoint !== undefined) config.endpoint = location.endpoint;
  if (location.region !== undefined) config.region = location.region;
  const accessKeyId = env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"];
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const sessionToken = env["AWS_SESSION_TOKEN"];
    config.credentials = {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
  }
  return {
    client: new S3Client(config),
    name: location.bucket,
    prefix: location.prefix,
    service: location.endpoint ?? "Amazon S3",
    conditionalDelete: "none",
  };
}

/** The status of a service's refusal, undefined where it did not come to an answer. */
export function statusOf(error: unknown): number | undefined {
  return metadataOf(error)?.httpStatusCode;
}

/**
 * Does work again while the service says that something else is under way there (409), which the SDK does not. Amazon says so of writes to
 * one key at once; services on file systems also where a folder is made or removed.
 */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (statusOf(error) !== 409 || attempt === patience) throw error;
    }
    await wait(Math.random() * 10 * 2 ** attempt);
  }
}

/** Whether the failed request had been tried before, so that an earlier try may have been carried out. */
export function wasRetried(error: unknown): boolean {
  return (metadataOf(error)?.attempts ?? 1) > 1;
}

/**
 * Whether a refusal says that the object (or part or upload) is not there, in the protocol's own words: what a proxy answers for a service
 * that is away must not count as that, as things are given up or written anew by it. Answers to HEAD have no words but the status.
 */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 && ["NoSuchKey", "NoSuchUpload", "NotFound"].includes(nameOf(error));
}

/** The service's name of an error: `NoSuchKey`. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** Statuses of a service that may well do the same work later; also of a proxy before one that is away. */
const passingFaults: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** What went wrong with a bucket, as a sentence with a remedy; errors that have one already pass. */
export function explainFailure(bucket: Bucket, error: unknown): DdiffError {
  if (error instanceof DdiffError) return error;
  const status = statusOf(error);
  const name = nameOf(error);
  const place = `bucket "${bucket.name}" of ${bucket.service}`;
  if (name === "NoSuchBucket" || (status === 404 && name === "NotFound")) {
    return new DdiffError("S3_BUCKET_MISSING", `There is no ${place}.`, {
      hint: "Create it first (aws s3 mb), or check the bucket's name, the endpoint and path-style.",
      cause: error,
    });
  }
  if (name === "CredentialsProviderError") {
    return new DdiffError("S3_DENIED", `There are no credentials for ${place}.`, {
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where the machine has a role.",
      cause: error,
    });
  }
  if (status === 401 || status === 403) {
    return new DdiffError("S3_DENIED", `${bucket.service} refuses us ${place}: ${said(error)}.`, {
      hint: "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the rights that docs/server-s3.md lists.",
      cause: error,
    });
  }
  if (status === 301 || status === 307 || name === "AuthorizationHeaderMalformed") {
    return new DdiffError("S3_REGION_WRONG", `The ${place} lies in another region: ${said(error)}.`, {
      hint: "Add region=… to the store's address.",
      cause: error,
    });
  }
  if (status === undefined) {
    return new DdiffError("S3_UNREACHABLE", `The ${place} cannot be reached: ${said(error)}.`, {
      hint: "Check the endpoint, and that the service runs.",
      cause: error,
    });
  }
  if (passingFaults.has(status)) {
    return new DdiffError(
      "S3_UNAVAILABLE",
      `The ${place} cannot serve now, status ${status}: ${said(error)}.`,
      {
        hint: "Look at the service's own log if this goes on.",
        cause: error,
      },
    );
  }
  return new DdiffError("S3_FAILED", `The ${place} failed with status ${status}: ${said(error)}.`, {
    cause: error,
  });
}

function said(error: unknown): string {
  const name = nameOf(error);
  const message = messageOf(error).replace(/\.$/, "");
  return name === "" || name === "Error" || message.startsWith(name)
    ? message || name
    : `${name}, ${message}`;
}

function metadataOf(error: unknown): { httpStatusCode?: number; attempts?: number } | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  return error.$metadata as { httpStatusCode?: number; attempts?: number };
}
