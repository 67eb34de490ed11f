import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import {
  deleteCell,
  deleteIdleCell,
  nonceBytes,
  readCell,
  statCell,
  touchCell,
  writeCell,
} from "./s3-cells.ts";
import { type Bucket, explainFailure } from "./s3-client.ts";
import { keySegments } from "./store-key.ts";
import type { ReadStore, WriteStore } from "./store.ts";

const root = "objects";
const longestSegment = 255;
const pageKeys = 1000;
const looksAtOnce = 32;

/**
 * Small objects in a bucket, below `objects/`. A segment that others follow ends in `!`: without it `a/x` would come after `a-b/x`, as
 * `/` is greater than `-`, and services list in the order of whole keys. `!` is less than whatever a segment may hold.
 */
export function s3Objects(bucket: Bucket): ReadStore & WriteStore {
  return {
    async get(key) {
      const cell = await readCell(bucket, pathOf(key));
      return cell && { bytes: cell.bytes, version: cell.version };
    },
    async stat(key) {
      const cell = await statCell(bucket, pathOf(key));
      return cell && { size: cell.size, modified: cell.modified };
    },
    async list(prefix, options = {}) {
      return await listSegments(bucket, folderOf(prefix), options.after ?? "", options.limit ?? Infinity);
    },
    async put(key, bytes, condition) {
      return await writeCell(bucket, pathOf(key), bytes, condition);
    },
    async touch(key) {
      return await touchCell(bucket, pathOf(key));
    },
    async delete(key, condition) {
      return await deleteCell(bucket, pathOf(key), condition);
    },
    async deleteIdle(key, unlessSince) {
      return await deleteIdleCell(bucket, pathOf(key), unlessSince);
    },
  };
}

/** Keys (below the bucket's prefix) that begin with `path`, beyond `after`, in byte order, a page at a time, with size and time. */
export async function* listKeys(
  bucket: Bucket,
  path: string,
  after?: string,
): AsyncGenerator<{ key: string; size: number; modified: number }> {
  for await (const page of pages(bucket, {
    Prefix: path,
    ...(after === undefined ? {} : { StartAfter: after }),
  })) {
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      if (Key === undefined) continue;
      yield {
        key: Key.slice(bucket.prefix.length),
        size: Size ?? 0,
        modified: LastModified?.getTime() ?? Date.now(),
      };
    }
  }
}

async function listSegments(bucket: Bucket, folder: string, after: string, limit: number): Promise<string[]> {
  const segments: string[] = [];
  if (limit <= 0) return segments;
  const bytesAfter = Buffer.from(after);
  const query = { Prefix: folder, Delimiter: "/", MaxKeys: Math.min(pageKeys, limit + 1) };
  const start = startAfter(after);
  for await (const page of pages(bucket, start === "" ? query : { ...query, StartAfter: folder + start })) {
    const names = [
      ...(page.Contents ?? []).flatMap(({ Key, Size }) =>
        Key === undefined || (Size ?? 0) < nonceBytes ? [] : [Key],
      ),
      ...(await foldersOf(bucket, page)),
    ].map((key) => key.slice(bucket.prefix.length + folder.length).replace(/!?\/$/, ""));
    for (const name of names.sort()) {
      if (name === segments.at(-1) || Buffer.compare(Buffer.from(name), bytesAfter) <= 0) continue;
      if (segments.push(name) === limit) return segments;
    }
  }
  return segments;
}

/** The folders of a page. Where deleted cells stay as empty objects, a folder may hold nothing else and does not count then. */
async function foldersOf(bucket: Bucket, page: ListObjectsV2CommandOutput): Promise<string[]> {
  const folders = (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => (Prefix === undefined ? [] : [Prefix]));
  if (bucket.conditionalDelete === "sure") return folders;
  const used: string[] = [];
  for (let at = 0; at < folders.length; at += looksAtOnce) {
    const some = folders.slice(at, at + looksAtOnce);
    const looks = await Promise.all(some.map((folder) => isUsed(bucket, folder)));
    used.push(...some.filter((_, i) => looks[i]));
  }
  return used;
}

async function isUsed(bucket: Bucket, folder: string): Promise<boolean> {
  for await (const { size } of listKeys(bucket, folder.slice(bucket.prefix.length)))
    if (size > 0) return true;
  return false;
}

/**
 * From where to list for what is greater than `after`, which may be any text: at most what sorts right before the first such key, as
 * the answer is filtered, and free of what cannot stand in an address.
 */
function startAfter(after: string): string {
  // All that begins with "a!/" comes before "a!0".
  if (/^[A-Za-z0-9._+=~-]{1,254}$/.test(after)) return `${after}!0`;
  if (/^[A-Za-z0-9._+=~-]{255}$/.test(after)) return `${after}0`;
  return /^[!-~]{0,300}/.exec(after)?.[0] ?? "";
}

async function* pages(
  bucket: Bucket,
  query: { Prefix: string; StartAfter?: string; Delimiter?: string; MaxKeys?: number },
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let request = {
    ...query,
    Bucket: bucket.name,
    Prefix: bucket.prefix + query.Prefix,
    ...(query.StartAfter === undefined ? {} : { StartAfter: bucket.prefix + query.StartAfter }),
  };
  for (;;) {
    let page: ListObjectsV2CommandOutput;
    try {
      page = await bucket.client.send(new ListObjectsV2Command(request));
    } catch (error) {
      throw explainFailure(bucket, error);
    }
    yield page;
    if (page.IsTruncated !== true || page.NextContinuationToken === undefined) return;
    request = Object.assign(request, { ContinuationToken: page.NextContinuationToken });
  }
}

function pathOf(key: string): string {
  const segments = keySegments(key);
  const last = segments.pop() ?? "";
  return `${[root, ...segments.map(folderSegment)].join("/")}/${last}`;
}

function folderOf(prefix: string): string {
  return `${[root, ...keySegments(prefix).map(folderSegment)].join("/")}/`;
}

/** A segment of greatest length needs no mark, as none can be longer, and some services keep segments as file names. */
function folderSegment(segment: string): string {
  return segment.length === longestSegment ? segment : `${segment}!`;
}
