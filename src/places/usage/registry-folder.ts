import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { readAll } from "../../codec/read-all.ts";
import { algorithmOf, type Digest, hexOf, isDigest } from "../../oci/digest.ts";
import { documentLimits } from "../../oci/json.ts";
import { parseDocument } from "../../oci/manifest.ts";
import { DdiffError, isDdiffError } from "../../util/errors.ts";
import { type ContentStore, contentSource } from "../containerd/content-store.ts";
import { folderBlobs } from "../named-blobs.ts";
import { readableFile } from "../image-files/readable-file.ts";
import type { PlaceContext } from "../place.ts";
import { type BlobForm, measureBlobs, namesIn } from "./blob-folder.ts";
import { blobImages, blobPart, type BlobRoot, joinRoots } from "./blob-usage.ts";
import { withShared } from "./measured-parts.ts";
import type { Usage, UsedImage } from "./usage.ts";

/** How a registry lays out its folder. */
interface RegistryForm {
  name: string;
  blobs: BlobForm;
  /** Folder below the root that holds `blobs`. */
  top: string;
  /** What describes repositories: measured as one. */
  records: string;
  /** All manifests that repositories hold, with the names that stand for them. */
  list(root: string): Promise<{ digest: Digest; names: string[] }[]>;
}

const distribution: RegistryForm = {
  name: "The registry's folder",
  blobs: "split-data",
  top: "docker/registry/v2",
  records: "docker/registry/v2/repositories",
  list: async (root) => listRepository(join(root, "docker/registry/v2/repositories"), ""),
};

/** The store of `ddiff server` (store/disk-store.ts, registry/keys.ts). */
const own: RegistryForm = {
  name: "The registry's folder",
  blobs: "split",
  top: "",
  records: "objects",
  async list(root) {
    const found: { digest: Digest; names: string[] }[] = [];
    for (const segment of await namesIn(join(root, "objects/tags"))) {
      for (const tag of await namesIn(join(root, "objects/tags", segment))) {
        const record = await readableFile(join(root, "objects/tags", segment, tag));
        const digest = record && digestIn(record);
        if (digest !== undefined) found.push({ digest, names: [`${segment.replaceAll("~", "/")}:${tag}`] });
      }
    }
    for (const segment of await namesIn(join(root, "objects/manifests"))) {
      for (const name of await namesIn(join(root, "objects/manifests", segment))) {
        const digest = name.replace("-", ":");
        if (isDigest(digest)) found.push({ digest, names: [] });
      }
    }
    return found;
  },
};

/** The form of a registry's storage folder; undefined where it is none. */
export async function registryFormOf(root: string): Promise<RegistryForm | undefined> {
  const isThere = async (name: string): Promise<boolean> =>
    (await lstat(join(root, name)).catch(() => undefined)) !== undefined;
  if (await isThere("docker/registry/v2")) return distribution;
  return (await isThere("ddiff-store.json")) ? own : undefined;
}

/** What a registry keeps in its folder, what no tag names included. Throws `EACCES`. */
export async function registryFolderUsage(
  root: string,
  form: RegistryForm,
  context: PlaceContext,
): Promise<Usage> {
  const folder = join(root, form.top);
  const store = blobsIn(folder, form.blobs);
  const notes: string[] = [];
  const roots: BlobRoot[] = [];
  for (const { digest, names } of joinNamed(await form.list(root))) {
    try {
      const mediaType = await typeOf(store, digest);
      const [name] = names;
      const open: BlobRoot["open"] = async () =>
        contentSource(store, { label: `${root} ${name ?? digest}`, name, root: { mediaType, digest } });
      roots.push({ digest, names, open });
    } catch (error) {
      if (!isDdiffError(error)) throw error;
      notes.push(`The manifest ${names[0] ?? digest} is left out: ${error.message}`);
    }
  }
  const { images, parts: known, notes: more } = await blobImages(joinRoots(roots), { referrers: false });
  const kept = withoutChildren(images);
  const { parts, shared } = await measureBlobs(folder, form.blobs, known, {
    signal: context.signal,
    more: async (measuring) => void (await measuring.add("repositories", "record", join(root, form.records))),
  });
  return {
    label: root,
    name: form.name,
    folder: root,
    measure: "disk",
    parts,
    images: kept.map((image) => ({ ...image, parts: withShared(image.parts, shared) })),
    containers: [],
    volumes: [],
    notes: [...notes, ...more],
  };
}

/** A platform of an index has a record of its own in registries; it is part of the index. */
function withoutChildren(images: readonly UsedImage[]): UsedImage[] {
  const isInside = (one: UsedImage): boolean =>
    one.names.length === 0 &&
    images.some(
      (other) => other !== one && other.parts.size > one.parts.size && other.parts.has(blobPart(one.id)),
    );
  return images.filter((image) => !isInside(image));
}

function joinNamed(
  list: readonly { digest: Digest; names: string[] }[],
): { digest: Digest; names: string[] }[] {
  const known = new Map<Digest, string[]>();
  for (const { digest, names } of list) known.set(digest, [...(known.get(digest) ?? []), ...names]);
  return [...known].map(([digest, names]) => ({ digest, names }));
}

async function listRepository(folder: string, name: string): Promise<{ digest: Digest; names: string[] }[]> {
  const found: { digest: Digest; names: string[] }[] = [];
  for (const child of await namesIn(folder)) {
    if (child !== "_manifests") {
      // Links may lead in circles, or to folders that are no registry's.
      const below = join(folder, child);
      if (!child.startsWith("_") && (await lstat(below).catch(() => undefined))?.isDirectory() === true)
        found.push(...(await listRepository(below, name === "" ? child : `${name}/${child}`)));
      continue;
    }
    const tags = join(folder, child, "tags");
    for (const tag of await namesIn(tags)) {
      const link = (await readableFile(join(tags, tag, "current/link")))?.toString().trim();
      if (isDigest(link)) found.push({ digest: link, names: [`${name}:${tag}`] });
    }
    for (const algorithm of await namesIn(join(folder, child, "revisions"))) {
      for (const hex of await namesIn(join(folder, child, "revisions", algorithm))) {
        const link = await readableFile(join(folder, child, "revisions", algorithm, hex, "link"));
        // What was deleted keeps its folder, without the link.
        const digest = link?.toString().trim();
        if (isDigest(digest)) found.push({ digest, names: [] });
      }
    }
  }
  return found;
}

function digestIn(record: Buffer): Digest | undefined {
  try {
    const { digest } = JSON.parse(record.toString()) as { digest?: unknown };
    return isDigest(digest) ? digest : undefined;
  } catch {
    return undefined;
  }
}

function blobsIn(folder: string, form: BlobForm): ContentStore {
  const files = folderBlobs(folder);
  const nameOf = (digest: Digest): string => {
    const hex = hexOf(digest);
    const path = `blobs/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
    return form === "split-data" ? `${path}/data` : path;
  };
  return {
    has: async ({ digest }) => (await files.size(nameOf(digest))) !== undefined,
    open: ({ digest }) => files.open(nameOf(digest)),
  };
}

/** Records of registries do not say the type; the document does. Throws `BLOB_MISSING`, `MANIFEST_INVALID`. */
async function typeOf(store: ContentStore, digest: Digest): Promise<string> {
  const bytes = await readAll(await store.open({ digest }), documentLimits.maxBytes, digest);
  if (bytes.length === 0) throw new DdiffError("MANIFEST_INVALID", `${digest} is empty`);
  return parseDocument(bytes).mediaType;
}
