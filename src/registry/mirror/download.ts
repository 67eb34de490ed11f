import { Readable } from "node:stream";
import { statfs } from "node:fs/promises";
import { algorithmOf, type Digest } from "../../oci/digest.ts";
import type { ByteRange, Store, Upload } from "../../store/store.ts";
import { isDdiffError, systemErrorCode } from "../../util/errors.ts";
import { joined, readableOf } from "../../util/readable.ts";
import { RegistryError } from "../errors.ts";
import type { Arriving } from "../registry.ts";
import { type GrowingFile, makeGrowingFile } from "./growing-file.ts";

/** A blob that is to be fetched. */
export interface DownloadRequest {
  store: Store;
  /** The repository that the upload belongs to. */
  repository: string;
  blob: { digest: Digest; size: number };
  /** The upstream's bytes; they end normally only when they are right. */
  open(): Promise<Readable>;
  tempDir: string;
  /** Called when the store has it, before the last byte goes to clients: they may ask for it again at once. */
  onStored(): Promise<void>;
}

/** A blob on its way from an upstream into the store, and to the clients that wait for it. */
export interface Download {
  arriving: Arriving;
  /** Whether it is in the store now. Never throws: what went wrong is told to the clients, and is `problem` then. */
  done: Promise<boolean>;
  readonly problem: unknown;
}

/** This much of the disk is left alone: with less a client gets its bytes, but they are not kept on their way. */
const spareBytes = 256 << 20;

/**
 * Fetches a blob once: what comes goes into the store and into a temporary file that any number of clients read while it grows, each at
 * its own pace. The store makes it visible only when its digest is right. Where the disk is full clients get their bytes straight from
 * the upstream, and nothing is kept.
 */
export async function startDownload(request: DownloadRequest): Promise<Download> {
  const { blob, tempDir } = request;
  const file = await makeFile(tempDir, blob.size);
  let problem: unknown;
  const done = fetchOnce(request, file).then(
    () => true,
    (error: unknown) => {
      problem = error;
      return false;
    },
  );
  return {
    arriving: arrivingOf(request, file, done),
    done,
    get problem() {
      return problem;
    },
  };
}

async function makeFile(folder: string, size: number): Promise<GrowingFile | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize < size + spareBytes ? undefined : await makeGrowingFile(folder, size);
  } catch {
    return undefined;
  }
}

async function fetchOnce(request: DownloadRequest, file: GrowingFile | undefined): Promise<void> {
  const { store, repository, blob } = request;
  let upload: Upload | undefined;
  let source: Readable | undefined;
  try {
    source = await request.open();
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let sourceError: unknown;
    /** The next bytes, in the file already; undefined at the end. */
    const next = async (): Promise<Buffer | undefined> => {
      try {
        const { done, value } = await chunks.next();
        if (done === true) return undefined;
        await file?.append(value).catch((error: unknown) => file.fail(asError(error)));
        return value;
      } catch (error) {
        sourceError = error;
        throw error;
      }
    };
    try {
      upload = await store.createUpload({ repository, digestAlgorithm: algorithmOf(blob.digest) });
      // Not the stream itself: a store that gives up must not end it, for clients still read.
      await upload.append(piecesOf(next));
      await upload.finish(blob.digest);
      await request.onStored();
    } catch (error) {
      if (sourceError !== undefined || file === undefined) throw error;
      // The clients still get it.
      while (file.isOpen && (await next()) !== undefined) continue;
      file.finish();
      throw error;
    }
    file?.finish();
  } catch (error) {
    file?.fail(asError(error));
    source?.destroy();
    await upload?.cancel().catch(() => undefined);
    throw error;
  }
}

async function* piecesOf(next: () => Promise<Buffer | undefined>): AsyncGenerator<Buffer> {
  for (let piece = await next(); piece !== undefined; piece = await next()) yield piece;
}

function arrivingOf(
  request: DownloadRequest,
  file: GrowingFile | undefined,
  done: Promise<boolean>,
): Arriving {
  const { store, blob } = request;
  return {
    size: blob.size,
    async open(range = { start: 0, end: blob.size }) {
      let source: Readable | undefined;
      const use = (stream: Readable): Readable => (source = stream);
      async function* all(): AsyncGenerator<Buffer, void, void> {
        let at = range.start;
        try {
          for await (const piece of file?.read(range) ?? []) {
            at += piece.length;
            yield piece;
          }
          if (at === range.end) return;
        } catch (error) {
          // What the upstream did wrong it would do again; a disk that is full is only ours.
          if (isDdiffError(error) && !isDiskFull(error)) throw error;
        }
        // The store has it in a moment; only where it could not take it, each client fetches for itself.
        await done;
        const rest = { start: at, end: range.end };
        if ((await store.statBlob(blob.digest)) !== undefined) {
          yield* use(await store.openBlob(blob.digest, rest)) as AsyncIterable<Buffer>;
        } else {
          yield* partOf(heldBack(use(await request.open())), rest);
        }
      }
      const pieces = all();
      // The first bytes are awaited here, so that what fails at once is answered as a failure, not as a connection that breaks.
      const first = await pieces.next().catch((error: unknown) => {
        throw new RegistryError("UNKNOWN", "the upstream failed", { status: 502, cause: error });
      });
      return readableOf(joined(first, pieces), () => {
        source?.destroy();
        void pieces.return();
      });
    },
  };
}

async function* partOf(
  chunks: AsyncIterable<Buffer>,
  { start, end }: ByteRange,
): AsyncGenerator<Buffer, void, void> {
  let position = 0;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(start - position, 0), Math.max(end - position, 0));
    position += chunk.length;
    if (piece.length > 0) yield piece;
  }
}

/** The same bytes, the last chunk only when the stream has ended well. */
async function* heldBack(stream: Readable): AsyncGenerator<Buffer, void, void> {
  let last: Buffer | undefined;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (last !== undefined) yield last;
    last = chunk;
  }
  if (last !== undefined) yield last;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Whether a failure is the disk's. */
export function isDiskFull(error: unknown): boolean {
  return isDdiffError(error, "DISK_FULL") || ["ENOSPC", "EDQUOT"].includes(systemErrorCode(error) ?? "");
}
