import type { Readable } from "node:stream";
import { verified } from "../../codec/verify.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { openBlob } from "./blob-download.ts";
import { type Connection, shortName } from "./connection.ts";

/**
 * A blob as `openBlob` gives it, which ends normally only when it has its digest and size. Fails with what `openBlob` says, and with
 * `DIGEST_MISMATCH`.
 */
export async function openCheckedBlob(
  connection: Connection,
  repository: string,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<Readable> {
  const what = `blob ${shortName(repository, descriptor.digest)} of ${connection.domain}`;
  return verified(await openBlob(connection, repository, descriptor, signal), descriptor, what);
}
