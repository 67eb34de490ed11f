import type { Readable } from "node:stream";
import type { Descriptor } from "../../oci/descriptor.ts";
import { DdiffError } from "../../util/errors.ts";
import { readableOf } from "../../util/readable.ts";
import { type Call, type Connection, scopeOf, shortName } from "./connection.ts";
import { type Answer, discard, header } from "./http.ts";
import { pause, TransientFailure } from "./retry.ts";

/** A connection that brought this many bytes before it broke was worth it: the count of failures begins again. */
const progressBytes = 64 << 10;

/**
 * A blob as a stream of exactly `descriptor.size` bytes. Where the connection breaks it goes on from there by `Range`,
 * any number of times as long as each brings something. Callers verify the digest.
 * The stream fails with `BLOB_MISSING`, `SIZE_MISMATCH`, `REGISTRY_MISBEHAVES` and what `failure.ts` says.
 */
export async function openBlob(
  connection: Connection,
  repository: string,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<Readable> {
  const stop = new AbortController();
  const signals = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const call: Call = {
    method: "GET",
    target: `${repository}/blobs/${descriptor.digest}`,
    repository,
    scopes: [scopeOf(repository, "pull")],
    what: `blob ${shortName(repository, descriptor.digest)}`,
    missing: "blob",
    accept: [200, 206],
    repeat: false,
    signal: signals,
  };
  const request = requestFrom(connection, call, descriptor);
  // The first answer is awaited here, so that a blob that is not there fails before anything is read.
  const first = await request(0, 0);
  let current: Readable = first.body;
  const bytes = resumed(connection, call, descriptor, first, request, (answer) => {
    current = answer.body;
  });
  return readableOf(bytes, () => {
    stop.abort();
    current.destroy();
  });
}

/** Asks for a blob from an offset; `failures` is how often in a row that went wrong already. */
type Request = (offset: number, failures: number) => Promise<Answer>;

function requestFrom(connection: Connection, call: Call, descriptor: Descriptor): Request {
  let foreign: URL[] | undefined;
  const once = async (offset: number): Promise<Answer> => {
    const headers = { ...call.headers, ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) };
    if (foreign === undefined) {
      try {
        return await connection.call({ ...call, headers });
      } catch (error) {
        const missing = error instanceof DdiffError && error.code === "BLOB_MISSING";
        foreign = missing ? foreignUrls(descriptor) : [];
        if (!missing || foreign.length === 0) {
          foreign = undefined;
          throw error;
        }
      }
    }
    return fromElsewhere(connection, { ...call, headers }, foreign);
  };
  return async (offset, failures) => {
    for (let attempt = failures; ; attempt++) {
      try {
        return await once(offset);
      } catch (error) {
        await pauseOrThrow(connection, call, attempt, error);
      }
    }
  };
}

/** Where a layer that registries may not keep can be had (image-spec, descriptor.md, `urls`): HTTPS only. */
function foreignUrls(descriptor: Descriptor): URL[] {
  const texts = descriptor.urls ?? [];
  const urls = texts.filter((text) => URL.canParse(text)).map((text) => new URL(text));
  return urls.filter((url) => url.protocol === "https:" && url.username === "" && url.password === "");
}

async function fromElsewhere(connection: Connection, call: Call, urls: URL[]): Promise<Answer> {
  let last: unknown;
  for (const url of urls) {
    try {
      return await connection.fetchForeign(url, call);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function pauseOrThrow(
  connection: Connection,
  call: Call,
  attempt: number,
  error: unknown,
): Promise<void> {
  const failure = connection.broken(error, call);
  if (!(failure instanceof TransientFailure)) throw failure;
  if (attempt >= connection.tuning.retries) throw failure.failure;
  await pause(connection.tuning, attempt, failure.retryAfterMs, call.signal);
}

async function* resumed(
  connection: Connection,
  call: Call,
  descriptor: Descriptor,
  first: Answer,
  request: Request,
  changed: (answer: Answer) => void,
): AsyncGenerator<Buffer, void, void> {
  const { size } = descriptor;
  let answer = first;
  let offset = 0;
  let failures = 0;
  for (;;) {
    let skip = startOf(connection, call, answer, offset, size);
    const before = offset;
    let failure: unknown = new TransientFailure(
      new DdiffError("SIZE_MISMATCH", `${connection.domain} sent ${call.what} only in part`, {
        hint: "The registry, or a proxy before it, ends transfers too early.",
      }),
    );
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(skip);
        skip -= chunk.length - fresh.length;
        if (offset + fresh.length > size) throw tooLong(connection, call, size);
        offset += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
    } catch (error) {
      failure = error;
    }
    if (offset === size && !(failure instanceof DdiffError)) return;
    failures = offset - before >= progressBytes ? 0 : failures;
    await pauseOrThrow(connection, call, failures, failure);
    failures++;
    answer = await request(offset, failures);
    changed(answer);
  }
}

/** How many bytes of an answer are already there; checks what it says about itself (RFC 9110, 14.4). */
function startOf(connection: Connection, call: Call, answer: Answer, offset: number, size: number): number {
  const refuse = (problem: string): never => {
    discard(answer);
    throw new DdiffError("REGISTRY_MISBEHAVES", `${connection.domain} ${problem} for ${call.what}`, {
      hint: "The registry, or a proxy before it, does not handle ranges; try without the proxy.",
    });
  };
  const length = header(answer, "content-length");
  if (answer.status === 206) {
    const range = header(answer, "content-range") ?? "";
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range);
    const whole = match?.[3] === "*" || Number(match?.[3]) === size;
    if (offset === 0 || match === null || Number(match[1]) !== offset || !whole) {
      refuse(`sent another range than was asked`);
    }
    return 0;
  }
  if (length !== undefined && Number(length) !== size) {
    discard(answer);
    throw new DdiffError(
      "SIZE_MISMATCH",
      `${connection.domain} has ${call.what} with ${length} bytes; its manifest says ${size}`,
      { hint: "The blob is damaged in the registry: push the image again." },
    );
  }
  // A server without ranges sends everything again.
  return offset;
}

function tooLong(connection: Connection, call: Call, size: number): DdiffError {
  return new DdiffError(
    "SIZE_MISMATCH",
    `${connection.domain} sends more than ${size} bytes of ${call.what}`,
    {
      hint: "The blob is damaged in the registry, or something else answers in its place.",
    },
  );
}

/**
 * Whether the registry has a blob (`HEAD`; where that is not allowed, the head of a `GET`). Before a push it is asked
 * with the right to push: Docker Hub refuses to answer about a repository that is yet to be made.
 */
export async function hasBlob(
  connection: Connection,
  repository: string,
  descriptor: Descriptor,
  options: { signal?: AbortSignal | undefined; pushing?: boolean } = {},
): Promise<boolean> {
  const call: Call = {
    method: "HEAD",
    target: `${repository}/blobs/${descriptor.digest}`,
    repository,
    scopes: [scopeOf(repository, options.pushing === true ? "pull,push" : "pull")],
    what: `blob ${shortName(repository, descriptor.digest)}`,
    accept: [200, 404, 405],
    signal: options.signal,
  };
  let answer = await connection.call(call);
  if (answer.status === 405) {
    discard(answer);
    answer = await connection.call({ ...call, method: "GET", accept: [200, 404] });
  }
  discard(answer);
  const length = header(answer, "content-length");
  // A registry that holds something of another length under this digest does not hold the blob.
  return answer.status === 200 && (length === undefined || Number(length) === descriptor.size);
}

/** True where `openBlob` would look outside the registry. */
export function hasForeignUrls(descriptor: Descriptor): boolean {
  return foreignUrls(descriptor).length > 0;
}
