import { randomBytes } from "node:crypto";
import { DdiffError } from "../util/errors.ts";
import { appendTo, flightSlots } from "./s3-append.ts";
import { dataPath, type S3Blobs } from "./s3-blobs.ts";
import { statCell } from "./s3-cells.ts";
import type { Bucket } from "./s3-client.ts";
import { cancelUpload, finishAs } from "./s3-finish.ts";
import { busy, type LiveUpload, loadUpload, newLiveUpload, saveUpload } from "./s3-live-upload.ts";
import { abortMultipart, listMultiparts, listParts } from "./s3-multipart.ts";
import { listKeys } from "./s3-objects.ts";
import { statePath } from "./s3-upload-state.ts";
import type { BlobStore, Upload } from "./store.ts";

type Uploads = Pick<BlobStore, "createUpload" | "openUpload" | "staleUploads">;

const idPattern = /^[A-Za-z0-9_-]{22,64}$/;
/** Uploads whose running digests are kept. */
const mostLive = 1000;
/** Bytes of tails that are kept beside them, in all; others are read again when they are needed. */
const mostTails = 16 * 1024 * 1024;

/**
 * Blobs on their way into a bucket. All that is durable of them stands there (s3-upload-state.ts), so that any server goes on with any
 * upload; what this process keeps beside it saves reading back.
 */
export function s3Uploads(bucket: Bucket, blobs: S3Blobs): Uploads {
  const known = new Map<string, LiveUpload>();
  const slots = flightSlots();

  function keep(live: LiveUpload): void {
    known.delete(live.id);
    known.set(live.id, live);
    let tails = 0;
    for (const other of [...known.values()].reverse()) {
      tails += other.tail?.length ?? 0;
      if (tails > mostTails && !other.busy && other.tailSize > 0) other.tail = undefined;
    }
    for (const other of known.values()) {
      if (known.size <= mostLive) break;
      if (!other.busy) known.delete(other.id);
    }
  }

  /** The upload as the bucket has it now, from memory where that is the same. */
  async function find(id: string): Promise<LiveUpload | undefined> {
    const live = known.get(id);
    if (live?.busy) return live;
    if (live !== undefined) {
      const cell = await statCell(bucket, statePath(id));
      if (live.busy || (cell?.version === live.version && (await isLatest(live)))) return live;
      known.delete(id);
      if (cell === undefined) return undefined;
    }
    const loaded = await loadUpload(bucket, blobs, id);
    // Somebody in this process may have been faster.
    const other = known.get(id);
    if (other !== undefined) return other;
    if (loaded !== undefined) keep(loaded);
    return loaded;
  }

  /** Whether no other server has sent parts that the state does not tell of yet. */
  async function isLatest({ id, multipart, parts }: LiveUpload): Promise<boolean> {
    if (multipart === undefined) return true;
    return (await listParts(bucket, dataPath(id), multipart, parts.length))?.length === 0;
  }

  /** Runs work on an upload while nobody else in this process does; after a failure what is known of it is read anew. */
  async function alone<T>(id: string, work: (live: LiveUpload) => Promise<T>): Promise<T> {
    const live = known.get(id) ?? (await find(id));
    if (live === undefined || live.gone) {
      throw new DdiffError("UPLOAD_UNKNOWN", "The upload is finished or was given up.", {
        hint: "Begin another one.",
      });
    }
    if (live.busy) throw busy();
    live.busy = true;
    try {
      const answer = await work(live);
      if (!live.gone) keep(live);
      return answer;
    } catch (error) {
      known.delete(id);
      throw error;
    } finally {
      live.busy = false;
      if (live.gone) known.delete(id);
    }
  }

  function handle(id: string, repository: string, known: number): Upload {
    let size = known;
    return {
      id,
      repository,
      get size() {
        return size;
      },
      async append(source, limit = Infinity) {
        const { failure } = await alone(id, async (live) => {
          if (live.completed) throw busy();
          try {
            return await appendTo(bucket, slots, live, source, limit);
          } finally {
            size = live.partBytes + live.tailSize;
          }
        });
        if (failure !== undefined) throw failure;
        return size;
      },
      async finish(digest) {
        await alone(id, (live) => finishAs(bucket, blobs, slots, live, digest));
      },
      async cancel() {
        await alone(id, (live) => cancelUpload(bucket, blobs, live));
      },
    };
  }

  return {
    async createUpload({ repository, digestAlgorithm }) {
      const live = newLiveUpload(randomBytes(18).toString("base64url"), repository, digestAlgorithm);
      await saveUpload(bucket, live, undefined);
      keep(live);
      return handle(live.id, repository, 0);
    },
    async openUpload(id) {
      const live = idPattern.test(id) ? await find(id) : undefined;
      return live && !live.gone ? handle(id, live.repository, live.partBytes + live.tailSize) : undefined;
    },
    async staleUploads(before) {
      await blobs.emptyTrash();
      const stale: string[] = [];
      for await (const { key, modified, size } of listKeys(bucket, "uploads/")) {
        const id = key.slice("uploads/".length);
        if (size > 0 && modified + 999 < before && !known.get(id)?.busy && idPattern.test(id)) stale.push(id);
      }
      await abortLost(before);
      return stale;
    },
  };

  /** Multipart uploads whose server died before it could write down that it had begun them. */
  async function abortLost(before: number): Promise<void> {
    for await (const { path, multipart } of listMultiparts(bucket, dataPath(""), before)) {
      const id = path.slice(dataPath("").length);
      if ((await statCell(bucket, statePath(id))) === undefined)
        await abortMultipart(bucket, path, multipart);
    }
  }
}
