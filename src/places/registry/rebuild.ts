import { isDigest } from "../../oci/digest.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { OutgoingBlob, PlaceContext, Written } from "../place.ts";
import { uploadBlob } from "./blob-upload.ts";
import { type Call, type Connection, scopeOf } from "./connection.ts";
import { discard, header } from "./http.ts";

/** What a registry answers that knows nothing of bundles, or lets nobody like us ask. */
const unknown = [301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 501];
/** How long a registry may take to make an image, in milliseconds; it sends nothing meanwhile. */
const patience = 3_600_000;

/**
 * Pushes a bundle as a blob and has the registry make its image, where it is a `ddiff server` that does (docs/server.md, "Bundles").
 * Undefined where it is not. Throws what uploads throw, `REGISTRY_REFUSED` with its reason where it could not make this one.
 */
export async function rebuildInRegistry(
  connection: Connection,
  reference: Reference,
  bundle: OutgoingBlob,
  { bases, context }: { bases: readonly string[]; context: PlaceContext },
): Promise<Written | undefined> {
  const { path, tag, digest } = reference;
  if (tag === undefined || digest !== undefined) return undefined;
  const repositories = new Set(bases.map((name) => name.slice(0, name.lastIndexOf(":"))));
  repositories.delete(path);
  const target = `${path}/_ddiff/bundles/rebuild`;
  const call: Omit<Call, "method" | "accept" | "what"> = {
    target,
    repository: path,
    scopes: [scopeOf(path, "pull,push"), ...[...repositories].map((name) => scopeOf(name, "pull"))],
    signal: connection.signal,
  };
  const what = `whether ${path} takes bundles`;
  const offer = await connection.call({ ...call, method: "GET", accept: [200, ...unknown], what });
  discard(offer);
  if (offer.status !== 200 || header(offer, "content-type") !== "application/json") return undefined;
  const { size } = bundle.descriptor;
  // Goes up to its end with the bundle, and stands there while the registry works.
  const task = context.progress.task(`making ${path}:${tag} there`, size);
  try {
    const advance = (sent: number): void => task.advance(sent);
    const bytes = await uploadBlob(connection, path, bundle, { advance, signal: connection.signal });
    if (bytes === 0) task.advance(size);
    const wish = new URLSearchParams({ digest: bundle.descriptor.digest, tag });
    const answer = await connection.call({
      ...call,
      method: "POST",
      target: `${target}?${wish.toString()}`,
      accept: [201],
      answerMs: patience,
      idleMs: patience,
      what: `${path}:${tag} of a bundle`,
    });
    discard(answer);
    const made = header(answer, "docker-content-digest");
    if (!isDigest(made)) return undefined;
    return { label: `docker://${formatReference(reference)}`, digest: made, bytes };
  } finally {
    task.end();
  }
}
