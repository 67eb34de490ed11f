import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, type DigestAlgorithm } from "../oci/digest.ts";
import { DdiffError } from "../util/errors.ts";
import { type DiskFolder, ifPresent } from "./disk-folder.ts";
import type { BlobStore, Upload } from "./store.ts";
import { appendTo, finishAs, type UploadState } from "./disk-upload.ts";

type Uploads = Pick<BlobStore, "createUpload" | "openUpload" | "staleUploads">;

const idPattern = /^[A-Za-z0-9_-]{22,64}$/;
const recordName = "upload.json";

/** Blobs on their way in: `uploads/<id>/data` and `upload.json`. What is in a kill survives it, with what was acknowledged and maybe more. */
export function diskUploads(folder: DiskFolder): Uploads {
  const root = join(folder.path, "uploads");
  /** Those that were used in this process: all handles of one share its state. */
  const states = new Map<string, Promise<UploadState | undefined>>();

  async function load(id: string): Promise<UploadState | undefined> {
    const path = join(root, id);
    const record = await ifPresent(readFile(join(path, recordName), "utf8"));
    const options = record === undefined ? undefined : readRecord(record);
    if (options === undefined) return undefined;
    const data = await ifPresent(stat(join(path, "data")));
    return newState(id, path, options, data?.size ?? 0);
  }

  async function find(id: string): Promise<UploadState | undefined> {
    const known = states.get(id);
    if (known !== undefined) return await known;
    const loading = load(id);
    states.set(id, loading);
    let state: UploadState | undefined;
    try {
      state = await loading;
    } finally {
      if (state === undefined) states.delete(id);
    }
    return state;
  }

  async function remove(state: UploadState): Promise<void> {
    state.gone = true;
    state.hash = undefined;
    states.delete(state.id);
    await rm(state.path, { recursive: true, force: true });
  }

  async function alone<T>(state: UploadState, work: () => Promise<T>): Promise<T> {
    if (state.gone) {
      throw new DdiffError("UPLOAD_UNKNOWN", "the upload is finished or was given up", {
        hint: "Begin another one.",
      });
    }
    if (state.busy) {
      throw new DdiffError("UPLOAD_BUSY", "the upload is being written to by another request", {
        hint: "Wait for that request to end.",
      });
    }
    state.busy = true;
    try {
      return await folder.writing(work);
    } finally {
      state.busy = false;
      if (state.gone && states.has(state.id)) await remove(state);
    }
  }

  function handle(state: UploadState): Upload {
    return {
      id: state.id,
      repository: state.repository,
      get size() {
        return state.size;
      },
      append: (source, limit) => alone(state, () => appendTo(folder, state, source, limit)),
      finish: (digest: Digest) =>
        alone(state, async () => {
          if (await finishAs(folder, state, digest)) await remove(state);
          else {
            await remove(state);
            throw new DdiffError(
              "DIGEST_MISMATCH",
              `the ${state.size} bytes sent are not those of ${digest}`,
              {
                hint: "Send them again.",
              },
            );
          }
        }),
      cancel: () => alone(state, () => remove(state)),
    };
  }

  return {
    async createUpload({ repository, digestAlgorithm }) {
      const id = randomBytes(18).toString("base64url");
      const path = join(root, id);
      await folder.writing(async () => {
        await mkdir(path);
        await writeFile(join(path, recordName), JSON.stringify({ repository, algorithm: digestAlgorithm }));
      });
      const state = newState(id, path, { repository, algorithm: digestAlgorithm }, 0);
      states.set(id, Promise.resolve(state));
      return handle(state);
    },
    async openUpload(id) {
      if (!idPattern.test(id)) return undefined;
      const state = await find(id);
      return state === undefined || state.gone ? undefined : handle(state);
    },
    async staleUploads(before) {
      const stale: string[] = [];
      for (const id of await readdir(root)) {
        if ((await lastWritten(join(root, id))) >= before) continue;
        const state = idPattern.test(id) ? await find(id) : undefined;
        // A process that was killed made the folder and had not yet written what it is.
        if (state === undefined) await rm(join(root, id), { recursive: true, force: true });
        else if (!state.busy) stale.push(id);
      }
      return stale;
    },
  };
}

function newState(
  id: string,
  path: string,
  options: { repository: string; algorithm: DigestAlgorithm },
  size: number,
): UploadState {
  return { id, path, ...options, size, hash: undefined, busy: false, anchored: false, gone: false };
}

/** When an upload was begun or its data last written, in milliseconds; for ever for one that is gone meanwhile. */
async function lastWritten(path: string): Promise<number> {
  const begun = await ifPresent(stat(path));
  const data = await ifPresent(stat(join(path, "data")));
  return Math.max(begun?.mtimeMs ?? Number.POSITIVE_INFINITY, data?.mtimeMs ?? 0);
}

/** What `upload.json` says; undefined for one that was cut off by a kill. */
function readRecord(text: string): { repository: string; algorithm: DigestAlgorithm } | undefined {
  try {
    const record = JSON.parse(text) as { repository?: unknown; algorithm?: unknown };
    const { repository, algorithm } = record;
    if (typeof repository !== "string" || (algorithm !== "sha256" && algorithm !== "sha512"))
      return undefined;
    return { repository, algorithm };
  } catch {
    return undefined;
  }
}
