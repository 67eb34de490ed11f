import { type Digest, digestOf } from "../../oci/digest.ts";
import type { ByteRange, Store } from "../store.ts";

/** Sends a whole blob as clients do. */
export async function pushBlob(store: Store, bytes: Buffer, repository = "app"): Promise<Digest> {
  const digest = digestOf(bytes);
  const upload = await store.createUpload({ repository, digestAlgorithm: "sha256" });
  await upload.append(piecesOf(bytes));
  await upload.finish(digest);
  return digest;
}

/** Bytes as they come over a wire. */
export async function* piecesOf(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A blob or a range of it, whole. */
export async function readBlob(store: Store, digest: Digest, range?: ByteRange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await store.openBlob(digest, range)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
