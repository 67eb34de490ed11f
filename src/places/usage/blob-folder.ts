import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, isDigest } from "../../oci/digest.ts";
import { systemErrorCode } from "../../util/errors.ts";
import { blobPart } from "./blob-usage.ts";
import { MeasuredParts } from "./measured-parts.ts";
import type { Part } from "./usage.ts";

/** A blob's file, and the file or folder that goes with it. */
interface BlobFile {
  digest: Digest;
  file: string;
  folder: string;
}

/** How blobs lie below a folder: `blobs/sha256/HEX` (OCI), `…/HE/HEX` (ddiff server), `…/HE/HEX/data` (distribution). */
export type BlobForm = "plain" | "split" | "split-data";

/**
 * All blobs below `folder`, measured; `known` says what images need, whose other costs are kept. What no image needs is `rest`. Throws `EACCES`.
 */
export async function measureBlobs(
  folder: string,
  form: BlobForm,
  known: ReadonlyMap<string, Part>,
  {
    signal,
    isOurs = () => true,
    more = () => Promise.resolve(),
  }: {
    signal: AbortSignal | undefined;
    /** Whether a blob counts here: containerd's folder has those of all namespaces. */
    isOurs?: (digest: Digest) => boolean;
    /** Measures what else there is. */
    more?: (parts: MeasuredParts) => Promise<void>;
  },
): Promise<{ parts: Map<string, Part>; shared: ReadonlyMap<string, readonly string[]> }> {
  const measuring = new MeasuredParts(signal);
  const packed = new Map<string, number>();
  for (const { digest, file, folder: all } of await listBlobs(folder, form)) {
    if (!isOurs(digest)) continue;
    const state = await lstat(file).catch(() => undefined);
    if (state === undefined) continue;
    const id = blobPart(digest);
    packed.set(id, state.size);
    await measuring.add(id, known.get(id)?.kind ?? "rest", all, { contentIn: file });
  }
  await more(measuring);
  const { parts, shared } = measuring.finish();
  for (const [id, part] of parts) {
    const bytes = packed.get(id);
    if (bytes !== undefined) parts.set(id, { ...part, cost: { ...part.cost, packed: bytes } });
  }
  return { parts, shared };
}

async function listBlobs(folder: string, form: BlobForm): Promise<BlobFile[]> {
  const found: BlobFile[] = [];
  for (const algorithm of await namesIn(join(folder, "blobs"))) {
    const top = join(folder, "blobs", algorithm);
    const folders = form === "plain" ? [top] : (await namesIn(top)).map((two) => join(top, two));
    for (const one of folders) {
      for (const hex of await namesIn(one)) {
        const digest = `${algorithm}:${hex}`;
        if (!isDigest(digest)) continue;
        const path = join(one, hex);
        found.push({ digest, file: form === "split-data" ? join(path, "data") : path, folder: path });
      }
    }
  }
  return found;
}

/** Names in a folder, sorted; none where it is not there. Throws `EACCES`. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(systemErrorCode(error) ?? "")) return [];
    throw error;
  }
}
