import { algorithmOf, type Digest, hexOf, isDigest } from "../oci/digest.ts";

/**
 * What the registry keeps in its store beside blobs (manifests are blobs too), key by key:
 *
 *   catalog/<repository>                      empty: the repository has or had content
 *   links/<repository>/<digest>               empty: the repository holds this blob
 *   manifests/<repository>/<digest>           JSON `ManifestRecord`: the repository holds this manifest
 *   tags/<repository>/<tag>                   JSON `TagRecord`
 *   referrers/<repository>/<subject>/<digest> JSON descriptor: that manifest refers to the subject
 *
 * `/` in a repository's name is `~`, and `:` in a digest is `-`: neither can stand in the other.
 */
export const keys = {
  catalog: (repository: string) => `catalog/${segmentOf(repository)}`,
  links: (repository: string) => `links/${segmentOf(repository)}`,
  link: (repository: string, digest: Digest) => `links/${segmentOf(repository)}/${digestSegment(digest)}`,
  manifests: (repository: string) => `manifests/${segmentOf(repository)}`,
  manifest: (repository: string, digest: Digest) =>
    `manifests/${segmentOf(repository)}/${digestSegment(digest)}`,
  tags: (repository: string) => `tags/${segmentOf(repository)}`,
  tag: (repository: string, tag: string) => `tags/${segmentOf(repository)}/${tag}`,
  allReferrers: (repository: string) => `referrers/${segmentOf(repository)}`,
  referrers: (repository: string, subject: Digest) =>
    `referrers/${segmentOf(repository)}/${digestSegment(subject)}`,
  referrer: (repository: string, subject: Digest, digest: Digest) =>
    `referrers/${segmentOf(repository)}/${digestSegment(subject)}/${digestSegment(digest)}`,
} as const;

/** What `tags/…` holds. */
export interface TagRecord {
  digest: Digest;
  mediaType: string;
  size: number;
}

/** What `manifests/…` holds. */
export interface ManifestRecord {
  mediaType: string;
  size: number;
  subject?: Digest;
}

/** A repository's name as a segment of a key. */
export function segmentOf(repository: string): string {
  return repository.replaceAll("/", "~");
}

/** The name that a segment stands for. */
export function repositoryOf(segment: string): string {
  return segment.replaceAll("~", "/");
}

/** A digest as a segment of a key. */
export function digestSegment(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest)}`;
}

/** The digest that a segment stands for, undefined for anything else that lies there. */
export function digestOfSegment(segment: string): Digest | undefined {
  const digest = segment.replace("-", ":");
  return isDigest(digest) ? digest : undefined;
}
