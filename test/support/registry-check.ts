import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { digestOfSegment, repositoryOf } from "../../src/registry/keys.ts";
import type { Store } from "../../src/store/store.ts";
import { imageKey, type KnownImage, type Ledger } from "./ledger.ts";
import { bytesOf } from "./seeded.ts";

/** What was found to be as it was promised. */
export interface Checked {
  images: number;
  tags: number;
  /** Bytes that were read and hashed. */
  bytes: number;
  resumed: number;
  /** Uploads that are not there any more. */
  ended: number;
}

/**
 * Compares a registry, to which nobody pushes at the moment, with what its clients were told. What was cut off is settled in the
 * ledger by what is found: whole, or not there. `grace` is that of its collections, in milliseconds.
 */
export async function checkRegistry(url: string, ledger: Ledger, grace: number): Promise<Checked> {
  const checked: Checked = { images: 0, tags: 0, bytes: 0, resumed: 0, ended: 0 };
  await checkUploads(url, ledger, grace, checked);
  for (const [key, image] of ledger.images) {
    const there = await checkImage(url, image, checked);
    if (image.state !== "unknown") {
      expect(there, `${key} is there`).toBe(image.state === "there");
      await checkReferrer(url, image);
    }
    if (there) {
      // A push that was cut off may have come to its manifest, and not to the list of its subject.
      if (image.state === "unknown") delete image.subject;
      image.state = "there";
      checked.images++;
    } else ledger.images.delete(key);
  }
  await checkTags(url, ledger, checked);
  return checked;
}

/** Whether an image is there; then it is whole. */
async function checkImage(url: string, image: KnownImage, checked: Checked): Promise<boolean> {
  const { repository, digest } = image;
  const answer = await fetch(`${url}/v2/${repository}/manifests/${digest}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status === 404) return false;
  expect(answer.status, imageKey(image)).toBe(200);
  expect(bytes.equals(image.bytes), `the manifest ${imageKey(image)} is what was pushed`).toBe(true);
  for (const blob of image.blobs)
    await checkBlob(url, repository, blob, checked, `of ${imageKey(image)}, ${image.state}`);
  return true;
}

/** An image that says something about another is in its list while it is there, and only then. */
async function checkReferrer(url: string, { repository, digest, subject, state }: KnownImage): Promise<void> {
  if (subject === undefined) return;
  const list = (await json(`${url}/v2/${repository}/referrers/${subject}`)) as {
    manifests: { digest: string }[];
  };
  const listed = list.manifests.some((one) => one.digest === digest);
  expect(listed, `${repository}@${digest} is in the list of ${subject}`).toBe(state === "there");
}

async function checkBlob(
  url: string,
  repository: string,
  { digest, size }: { digest: Digest; size: number },
  checked: Checked,
  why: string,
): Promise<void> {
  const answer = await fetch(`${url}/v2/${repository}/blobs/${digest}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(answer.status, `status of ${digest} ${why}`).toBe(200);
  expect(bytes.length, `size of ${digest} ${why}`).toBe(size);
  expect(digestOf(bytes), why).toBe(digest);
  checked.bytes += bytes.length;
}

/** Every tag names what it may name, and every repository is one that was pushed to. */
async function checkTags(url: string, ledger: Ledger, checked: Checked): Promise<void> {
  const { repositories = [] } = (await json(`${url}/v2/_catalog?n=1000`)) as { repositories?: string[] };
  const listed = new Set<string>();
  for (const repository of repositories) {
    // An empty repository may be given up after it was listed; that no tag is lost is looked at below.
    const answer = await fetch(`${url}/v2/${repository}/tags/list`);
    const { tags } =
      answer.status === 404 ? { tags: [] } : ((await answer.json()) as { tags: string[] | null });
    for (const tag of tags ?? []) listed.add(`${repository}:${tag}`);
  }
  for (const key of listed) expect([...ledger.tags.keys()]).toContain(key);
  for (const [key, names] of ledger.tags) {
    const [repository = "", tag = ""] = key.split(":");
    const answer = await fetch(`${url}/v2/${repository}/manifests/${tag}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const digest = answer.status === 404 ? undefined : digestOf(bytes);
    if (digest !== undefined) {
      expect(answer.status, key).toBe(200);
      expect(listed.has(key), `${key} is listed`).toBe(true);
      // Those have been found to be whole.
      expect([...ledger.images.keys()], key).toContain(`${repository}@${digest}`);
      checked.tags++;
    }
    expect([...names], `what ${key} may name`).toContain(digest);
    ledger.tags.set(key, new Set([digest]));
  }
}

/** Every upload goes on from where it was acknowledged or later, unless its end was asked for or it was idle for the grace. */
async function checkUploads(url: string, ledger: Ledger, grace: number, checked: Checked): Promise<void> {
  for (const [location, upload] of ledger.uploads) {
    const { blob, repository } = upload;
    const place = new URL(location, url);
    const idle = Date.now() - upload.used;
    const status = await fetch(place);
    if (status.status === 404) {
      expect(upload.ending || idle >= grace, `${location} is gone after ${idle} ms`).toBe(true);
      checked.ended++;
    } else {
      expect(status.status, location).toBe(204);
      const range = /^0-(\d+)$/.exec(status.headers.get("range") ?? "")?.[1];
      // Nothing and one byte are written alike; nobody sends one byte.
      const at = range === "0" ? 0 : Number(range) + 1;
      // At its end the bytes become the blob first; an upload that was killed then begins anew.
      const least = upload.ending ? 0 : upload.acknowledged;
      expect(at, `size of ${location}`).toBeGreaterThanOrEqual(least);
      expect(at).toBeLessThanOrEqual(blob.size);
      const rest = bytesOf(blob.name, blob.size).subarray(at);
      place.searchParams.set("digest", blob.digest);
      const end = await fetch(place, { method: "PUT", body: new Uint8Array(rest) });
      expect(end.status, `${location} resumed at ${at} of ${blob.size}: ${await end.text()}`).toBe(201);
      await checkBlob(url, repository, blob, checked, "resumed");
      checked.resumed++;
    }
    ledger.uploads.delete(location);
  }
}

async function json(address: string): Promise<unknown> {
  const answer = await fetch(address);
  expect(answer.status, address).toBe(200);
  return await answer.json();
}

/** Everything that lies in the folder of a disk store. */
export interface StoredThings {
  blobs: string[];
  /** `repository@digest` */
  links: string[];
  manifests: string[];
  /** `repository:tag` */
  tags: string[];
  repositories: string[];
  /** Uploads and temporary files, damaged blobs, prepared locks. */
  leftovers: string[];
}

/** Reads what lies in the folder of a disk store, past the server. */
export async function storedIn(data: string): Promise<StoredThings> {
  const things: StoredThings = {
    blobs: [],
    links: [],
    manifests: [],
    tags: [],
    repositories: [],
    leftovers: [],
  };
  const entries = await readdir(data, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(data.length + 1);
    const [top = "", second = "", third = "", fourth = ""] = path.split("/");
    const known = ["objects", "blobs", "uploads", "temporary", "lock", "ddiff-store.json"].includes(top);
    if (!known || ((top === "uploads" || top === "temporary") && second !== "")) {
      if (entry.name !== "control.sock") things.leftovers.push(path);
    }
    if (!entry.isFile()) continue;
    const repository = repositoryOf(third);
    if (top === "blobs") things.blobs.push(`${second}:${fourth}`);
    if (second === "links") things.links.push(`${repository}@${digestOfSegment(fourth)}`);
    if (second === "manifests") things.manifests.push(`${repository}@${digestOfSegment(fourth)}`);
    if (second === "tags") things.tags.push(`${repository}:${fourth}`);
    if (second === "catalog") things.repositories.push(repository);
  }
  return things;
}

/** The same of any store that nobody else uses; leftovers are uploads that nobody has written to since `before`. */
export async function storedBy(store: Store, before: number): Promise<StoredThings> {
  const below = async (
    top: string,
    separator: string,
    nameOf: (name: string) => string,
  ): Promise<string[]> => {
    const lists = (await store.list(top)).map(async (repository) =>
      (await store.list(`${top}/${repository}`)).map(
        (name) => `${repositoryOf(repository)}${separator}${nameOf(name)}`,
      ),
    );
    return (await Promise.all(lists)).flat();
  };
  return {
    blobs: await store.listBlobs({ limit: 1_000_000 }),
    links: await below("links", "@", digestText),
    manifests: await below("manifests", "@", digestText),
    tags: await below("tags", ":", (tag) => tag),
    repositories: (await store.list("catalog")).map(repositoryOf),
    leftovers: await store.staleUploads(before),
  };
}

/** What must lie there, and nothing else, when everything that nobody needs was collected. */
export function thingsOf(ledger: Ledger): StoredThings {
  const images = [...ledger.images.values()].filter(({ state }) => state === "there");
  const links = images.flatMap(({ repository, blobs }) =>
    blobs.map(({ digest }) => `${repository}@${digest}`),
  );
  return {
    blobs: distinct(images.flatMap(({ digest, blobs }) => [digest, ...blobs.map((blob) => blob.digest)])),
    links: distinct(links),
    manifests: images.map(imageKey).sort(),
    tags: [...ledger.tags]
      .filter(([, names]) => !names.has(undefined))
      .map(([key]) => key)
      .sort(),
    repositories: distinct(images.map(({ repository }) => repository)),
    leftovers: [],
  };
}

/** For comparing. */
export function sorted(things: StoredThings): StoredThings {
  return {
    blobs: things.blobs.toSorted(),
    links: things.links.toSorted(),
    manifests: things.manifests.toSorted(),
    tags: things.tags.toSorted(),
    repositories: things.repositories.toSorted(),
    leftovers: things.leftovers.toSorted(),
  };
}

function digestText(segment: string): string {
  return String(digestOfSegment(segment));
}

function distinct(list: readonly string[]): string[] {
  return [...new Set(list)].sort();
}
