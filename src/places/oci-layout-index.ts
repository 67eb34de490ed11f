import { type Descriptor, parseDescriptor } from "../oci/descriptor.ts";
import { parseJson } from "../oci/json.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { DdiffError } from "../util/errors.ts";
import { readSmall, type NamedBlobs } from "./named-blobs.ts";
import { nameAnnotations, writtenNames } from "./oci-layout-names.ts";

/** A layout of thousands of images has an index.json of megabytes; more than this is none. */
const indexLimit = 64 * 1024 * 1024;

/** The `oci-layout` file that ddiff writes (image-spec, image-layout.md, "oci-layout file"). */
export const layoutFile = '{"imageLayoutVersion":"1.0.0"}';

/** An index.json without images. */
export const emptyIndex = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });

/** index.json: the entries as ddiff reads them, and the whole as it was written, to keep what ddiff does not know. */
export interface LayoutIndex {
  entries: Descriptor[];
  raw: { [key: string]: unknown; manifests: unknown[] };
}

/**
 * Reads `oci-layout` and `index.json` (image-spec, image-layout.md).
 * Throws `NOT_A_LAYOUT`, `LAYOUT_VERSION`, `LAYOUT_INVALID`, `JSON_INVALID`, `DESCRIPTOR_INVALID`, `LINK_OUTSIDE`.
 */
export async function readLayoutIndex(files: NamedBlobs): Promise<LayoutIndex> {
  const layout = await readSmall(files, "oci-layout", 64 * 1024);
  const index = await readSmall(files, "index.json", indexLimit);
  if (layout === undefined || index === undefined) {
    const lacks = layout === undefined ? "oci-layout" : "index.json";
    throw new DdiffError("NOT_A_LAYOUT", `${files.where} is no OCI layout: it has no file ${lacks}`, {
      hint: "Name the folder or archive that holds the files oci-layout and index.json.",
    });
  }
  checkVersion(parseJson(layout, `oci-layout in ${files.where}`), files.where);
  return parseLayoutIndex(index, files.where);
}

/** Reads the bytes of an index.json; `where` names its place in errors. */
function parseLayoutIndex(bytes: Uint8Array, where: string): LayoutIndex {
  const raw = parseJson(bytes, `index.json in ${where}`, { maxBytes: indexLimit, maxDepth: 64 });
  if (!isObject(raw) || !Array.isArray(raw.manifests)) {
    throw new DdiffError("LAYOUT_INVALID", `index.json in ${where} has no list of manifests`);
  }
  if (raw.schemaVersion !== undefined && raw.schemaVersion !== 2) {
    throw new DdiffError("LAYOUT_INVALID", `index.json in ${where} has a schemaVersion that is not 2`);
  }
  const manifests: unknown[] = raw.manifests;
  const entries = manifests.map((entry, position) =>
    parseDescriptor(entry, `manifest ${position} of index.json in ${where}`),
  );
  return { entries, raw: { ...raw, manifests } };
}

/** One entry of a layout that is about to be written. */
export interface NewEntry {
  root: Descriptor;
  /** The name as written behind the path, or undefined for the layout's unnamed image. */
  name: string | undefined;
  /** Manifests that refer to the image by `subject`, listed beside it. */
  referrers: Descriptor[];
}

/**
 * The bytes of index.json with `entry` added. Other names stay as they are; an entry of the same name goes.
 * Without a name the unnamed image is replaced: `isReferrer` tells which unnamed entries are not images.
 */
export async function addEntry(
  index: LayoutIndex,
  entry: NewEntry,
  isReferrer: (entry: Descriptor) => Promise<boolean>,
): Promise<string> {
  const kept: unknown[] = [];
  const listed = new Set<string>();
  for (const [position, old] of index.entries.entries()) {
    if (await isReplaced(old, entry, isReferrer)) continue;
    kept.push(index.raw.manifests[position]);
    if (writtenNames(old).length === 0) listed.add(old.digest);
  }
  const named = entry.name === undefined ? undefined : { annotations: nameAnnotations(entry.name) };
  const { mediaType, digest, size } = entry.root;
  const added: unknown[] = [{ mediaType, digest, size, ...named }];
  for (const referrer of entry.referrers) {
    if (listed.has(referrer.digest)) continue;
    listed.add(referrer.digest);
    added.push(withoutNames(referrer));
  }
  return JSON.stringify({ ...index.raw, schemaVersion: 2, manifests: [...kept, ...added] });
}

async function isReplaced(
  old: Descriptor,
  entry: NewEntry,
  isReferrer: (entry: Descriptor) => Promise<boolean>,
): Promise<boolean> {
  const names = writtenNames(old);
  if (entry.name !== undefined) {
    // The image may have stood there without a name before: now it has one.
    return names.includes(entry.name) || (names.length === 0 && old.digest === entry.root.digest);
  }
  if (names.length > 0) return false;
  return old.digest === entry.root.digest || !(await isReferrer(old));
}

/** An entry's annotations name it; a referrer must not go by a name that it had elsewhere. */
export function withoutNames(referrer: Descriptor): Descriptor {
  const { annotations, ...rest } = referrer;
  const kept = Object.entries(annotations ?? {}).filter(
    ([key]) => !Object.hasOwn(nameAnnotations("a/b:c"), key),
  );
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}

function checkVersion(layout: unknown, where: string): void {
  const version = isObject(layout) ? layout.imageLayoutVersion : undefined;
  if (typeof version === "string" && /^1\.\d+\.\d+$/.test(version)) return;
  throw new DdiffError(
    "LAYOUT_VERSION",
    `${where} is an OCI layout of version ${JSON.stringify(version) ?? "none"}; ddiff knows version 1.0.0`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
