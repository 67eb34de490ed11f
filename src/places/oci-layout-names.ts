import { basename } from "node:path";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, hexOf, isDigest } from "../oci/digest.ts";
import { familiarName, formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import { DdiffError } from "../util/errors.ts";

/** Annotations of an index.json entry that name it: OCI's (often only the tag) and containerd's (the full name). */
export const refName = "org.opencontainers.image.ref.name";
export const containerdName = "io.containerd.image.name";

/** Names under which an entry was written, the fullest first. */
export function writtenNames(entry: Descriptor): string[] {
  const names = [entry.annotations?.[containerdName], entry.annotations?.[refName]];
  return [...new Set(names.filter((name) => name !== undefined && name !== ""))] as string[];
}

/**
 * The name that engines would give the entry: `torch-app:2`. Where only a tag is written (`2`), the layout's own
 * file name is the repository: `oci:torch-app:2`. Undefined where neither makes a valid name.
 */
export function imageName(entry: Descriptor, where: string): string | undefined {
  for (const name of writtenNames(entry)) {
    const full = /[/:]/.test(name) ? familiar(name) : undefined;
    if (full !== undefined) return full;
  }
  const tag = entry.annotations?.[refName];
  if (tag === undefined) return undefined;
  const repository = basename(where).replace(/(?:\.oci)?(?:\.tar)?(?:\.(?:gz|zst))?$/, "");
  return familiar(`${repository.toLowerCase()}:${tag}`);
}

/** Annotations for an entry that is to be found again under `name`, by its text and as an engine's name. */
export function nameAnnotations(name: string): Record<string, string> {
  const full = /[/:]/.test(name) ? canonical(name) : undefined;
  return { ...(full === undefined ? {} : { [containerdName]: full }), [refName]: name };
}

/** What the part behind the path asks for: the entry of this number, this digest, this name, or the only image. */
export type Wanted =
  | { by: "position"; position: number }
  | { by: "digest"; digest: Digest }
  | { by: "name"; name: string }
  | { by: "nothing" };

/** Reads `@N`, `@DIGEST`, `NAME@DIGEST`, `DIGEST` and `NAME` (containers-transports(5)). */
export function parseWanted(name: string | undefined): Wanted {
  if (name === undefined) return { by: "nothing" };
  if (/^@\d{1,9}$/.test(name)) return { by: "position", position: Number(name.slice(1)) };
  const digest = name.slice(name.indexOf("@") + 1);
  return isDigest(digest) ? { by: "digest", digest } : { by: "name", name };
}

/**
 * The entries that go by `name`: the exact text first, then the same name written otherwise (`debian` for
 * `docker.io/library/debian:latest`).
 */
export function entriesNamed<T extends Descriptor>(entries: readonly T[], name: string): T[] {
  const exact = entries.filter((entry) => writtenNames(entry).includes(name));
  if (exact.length > 0) return exact;
  const wanted = canonical(name);
  if (wanted === undefined) return [];
  return entries.filter((entry) => writtenNames(entry).some((written) => canonical(written) === wanted));
}

/**
 * The tag of the referrers tag schema (distribution-spec, "Referrers Tag Schema") under which older tools keep the
 * list of an image's signatures.
 */
export function referrersTag(subject: Digest): string {
  return `${subject.slice(0, subject.indexOf(":"))}-${hexOf(subject).slice(0, 64)}`;
}

/** Whether a tag is one of the referrers tag schema, or cosign's older form of it (`sha256-….sig`). */
export function isReferrersTag(name: string): boolean {
  return /(?:^|:)sha(?:256|512)-[0-9a-f]{64,128}(?:\.[a-z]+)?$/.test(name);
}

/** The error for a name that is not there; says which are. */
export function nameNotFound(wanted: string, entries: Descriptor[], where: string): DdiffError {
  return new DdiffError("IMAGE_NOT_FOUND", `${where} has no image called ${wanted}`, {
    hint: listNames(entries),
  });
}

/** The error for a place with several images and no or no clear choice between them. */
export function nameAmbiguous(wanted: string | undefined, entries: Descriptor[], where: string): DdiffError {
  const images = wanted === undefined ? "images" : `images called ${wanted}`;
  return new DdiffError("IMAGE_AMBIGUOUS", `${where} has ${entries.length} ${images}`, {
    hint: wanted === undefined ? listNames(entries) : `name one by its digest: ${listDigests(entries)}`,
    exitStatus: 2,
  });
}

function listNames(entries: Descriptor[]): string {
  const names = entries.flatMap((entry) => writtenNames(entry).slice(-1));
  if (entries.length === 0) return "there is no image in it";
  if (names.length === 0) return `its images have no names; name one by its digest: ${listDigests(entries)}`;
  const more = names.length > 12 ? ` and ${names.length - 12} more` : "";
  return `it has: ${names.slice(0, 12).map(printable).join(", ")}${more}`;
}

function listDigests(entries: Descriptor[]): string {
  return entries
    .slice(0, 12)
    .map((entry) => `@${entry.digest}`)
    .join(", ");
}

/** A name from a file, fit for a terminal. */
function printable(name: string): string {
  return JSON.stringify(name.slice(0, 200)).slice(1, -1);
}

function canonical(name: string): string | undefined {
  try {
    return formatReference(withDefaultTag(parseReference(name)));
  } catch {
    return undefined;
  }
}

/** The short form of a name, or undefined where it is none. */
export function familiar(name: string): string | undefined {
  try {
    return familiarName(parseReference(name));
  } catch {
    return undefined;
  }
}
