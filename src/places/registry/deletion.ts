import { type Digest, isDigest } from "../../oci/digest.ts";
import { DdiffError } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import { type Connection, scopeOf } from "./connection.ts";
import { discard } from "./http.ts";
import { tagsOf } from "./listing.ts";
import { resolveManifest } from "./manifests.ts";

/** What a deletion took away. */
export interface Deleted {
  digest: Digest;
  /** False where only the tag went, since other tags name the same image. */
  manifest: boolean;
}

/**
 * Deletes a manifest by tag or digest (distribution-spec, "Content Management"). Registries delete by digest, which
 * takes every tag of it along; so where other tags name the same image only the tag is deleted, and where the registry
 * cannot do that nothing is. Throws `IMAGE_MISSING`, `IMAGE_IN_USE`, `REGISTRY_UNSUPPORTED`.
 */
export async function deleteManifest(
  connection: Connection,
  repository: string,
  name: { tag?: string; digest?: Digest },
): Promise<Deleted> {
  const reference = name.digest ?? name.tag ?? "latest";
  const digest = await resolveManifest(connection, repository, reference);
  if (digest === undefined) {
    const joint = isDigest(reference) ? "@" : ":";
    throw new DdiffError("IMAGE_MISSING", `${connection.domain} has no ${repository}${joint}${reference}`, {
      hint: `"ddiff list" shows what is there.`,
    });
  }
  if (name.digest !== undefined) {
    await remove(connection, repository, digest);
    return { digest, manifest: true };
  }
  const others = await otherTags(connection, repository, reference, digest);
  if (others.length === 0) {
    await remove(connection, repository, digest);
    return { digest, manifest: true };
  }
  await removeTag(connection, repository, reference, digest, others);
  return { digest, manifest: false };
}

async function otherTags(
  connection: Connection,
  repository: string,
  tag: string,
  digest: Digest,
): Promise<string[]> {
  const tags = (await tagsOf(connection, repository)).filter((other) => other !== tag);
  const same = await mapLimited(tags, 8, async (other) => {
    return (await resolveManifest(connection, repository, other)) === digest;
  });
  return tags.filter((_, index) => same[index]);
}

async function remove(connection: Connection, repository: string, reference: string): Promise<void> {
  const status = await sendDelete(connection, repository, reference);
  if (status < 300) return;
  throw new DdiffError("REGISTRY_UNSUPPORTED", `${connection.domain} does not allow images to be deleted`, {
    hint: "Start it with deletion allowed (for docker's registry: REGISTRY_STORAGE_DELETE_ENABLED=true).",
  });
}

async function removeTag(
  connection: Connection,
  repository: string,
  tag: string,
  digest: Digest,
  others: string[],
): Promise<void> {
  if ((await sendDelete(connection, repository, tag)) < 300) return;
  const shown = others.slice(0, 5).join(", ") + (others.length > 5 ? ", …" : "");
  throw new DdiffError(
    "IMAGE_IN_USE",
    `${repository}:${tag} is also called ${shown}, and ${connection.domain} cannot delete one tag alone`,
    {
      hint: `To delete the image with all its tags: ddiff delete ${connection.domain}/${repository}@${digest}`,
    },
  );
}

async function sendDelete(connection: Connection, repository: string, reference: string): Promise<number> {
  const answer = await connection.call({
    method: "DELETE",
    target: `${repository}/manifests/${reference}`,
    repository,
    scopes: [scopeOf(repository, "pull,delete")],
    what: `${repository}:${reference}`,
    missing: "image",
    accept: isDigest(reference) ? [200, 202, 204, 405] : [200, 202, 204, 400, 404, 405],
  });
  discard(answer);
  return answer.status;
}
