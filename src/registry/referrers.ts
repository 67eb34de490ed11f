import { type Descriptor, parseDescriptor } from "../oci/descriptor.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { digestOfSegment, digestSegment, keys } from "./keys.ts";
import { parseJson } from "./records.ts";
import { listPage, type Repositories } from "./repositories.ts";

/** An answer must fit where manifests fit: 4 MiB (distribution-spec, "Pushing Manifests"). */
const mostBytes = 3 * 1024 * 1024;
/** Each may have megabytes of annotations, so few are read at once. */
const step = 8;
/** How many are looked at for one answer, where most of them are of another type. */
const mostLooked = 2000;

/** Some of the manifests that refer to a subject. */
export interface ReferrerPage {
  referrers: Descriptor[];
  /** The page after this one begins behind it; undefined at the end. */
  next: Digest | undefined;
}

/**
 * Descriptors of manifests whose subject is `subject`, those after `after`, with their annotations. As many as fit one answer; with
 * an `artifactType` a page may be empty and yet not the last. Costs what it reads, not what the repository holds.
 */
export async function listReferrers(
  repositories: Repositories,
  repository: string,
  subject: Digest,
  options: { after?: string | undefined; artifactType?: string },
): Promise<ReferrerPage> {
  const prefix = keys.referrers(repository, subject);
  const referrers: Descriptor[] = [];
  let after = isDigest(options.after) ? digestSegment(options.after) : undefined;
  let size = 0;
  let looked = 0;
  for (;;) {
    const page = await listPage(repositories.store, prefix, after, mostLooked);
    for (let at = 0; at < page.names.length; at += step) {
      const names = page.names.slice(at, at + step);
      const found = await Promise.all(
        names.map((name) => readReferrer(repositories, repository, subject, name)),
      );
      for (const [index, name] of names.entries()) {
        const one = found[index];
        looked += 1;
        if (one !== undefined && wanted(one.descriptor, options.artifactType)) {
          if (referrers.length > 0 && size + one.size > mostBytes)
            return { referrers, next: digestAt(after) };
          size += one.size;
          referrers.push(one.descriptor);
        }
        after = name;
      }
    }
    if (!page.more) return { referrers, next: undefined };
    if (looked >= mostLooked) return { referrers, next: digestAt(after) };
  }
}

function digestAt(segment: string | undefined): Digest | undefined {
  return segment === undefined ? undefined : digestOfSegment(segment);
}

function wanted(descriptor: Descriptor, artifactType: string | undefined): boolean {
  return artifactType === undefined || descriptor.artifactType === artifactType;
}

async function readReferrer(
  repositories: Repositories,
  repository: string,
  subject: Digest,
  segment: string,
): Promise<{ descriptor: Descriptor; size: number } | undefined> {
  const digest = digestOfSegment(segment);
  if (digest === undefined) return undefined;
  const key = keys.referrer(repository, subject, digest);
  const [stored, manifest] = await Promise.all([
    repositories.store.get(key),
    repositories.store.stat(keys.manifest(repository, digest)),
  ]);
  // An entry without its manifest is left of a push or a deletion that was cut off.
  if (stored === undefined || manifest === undefined) return undefined;
  return { descriptor: parseDescriptor(parseJson(stored.bytes, key), key), size: stored.bytes.length };
}
