import { familiarName, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { Source } from "../places/place.ts";
import { ownRegistry } from "../places/registry/endpoint.ts";
import { isOn } from "./paths.ts";

type Env = Record<string, string | undefined>;

/** Transports of containers-transports(5) and ours; what has none of them in front is a bare name. */
const transportPattern =
  /^(?:docker|docker-daemon|containers-storage|containerd|oci|oci-archive|docker-archive|dir):/;

/** Whether a name says its place itself. */
export function hasTransport(name: string): boolean {
  return transportPattern.test(name);
}

/**
 * The name that a bare name has in the registry at DDIFF_URL, as the original tool made it: `torch-app:2` is
 * `docker://localhost:5000/torch-app:2`, and `ghcr.io/lab/app:1` goes under `ghcr.io/lab/app` there. A name that begins with
 * a host and port means that registry itself, as it does for Docker. With DDIFF_DISABLE_REPOSITORY each `/` becomes `-`.
 * Throws `REFERENCE_INVALID`.
 */
export function registryName(name: string, env: Env): string {
  const own = ownRegistry(env).domain;
  const reference = parseReference(name);
  if (reference.domain === own || /^localhost$|:\d+$/.test(reference.domain)) return `docker://${name}`;
  const path = familiarName(reference);
  // Both spellings: the misspelled one is in the start-up files of the original's users.
  const flat = isOn(env["DDIFF_DISABLE_REPOSITORY"]) || isOn(env["DDIFF_DISABLE_RESPOSITORY"]);
  return `docker://${own}/${flat ? path.replaceAll("/", "-") : path}`;
}

/** What a source's image is called, for naming it elsewhere: `torch-app:2`; the file's or folder's name where it has none. */
export function imageNameOf(source: Pick<Source, "name" | "label">): string {
  if (source.name !== undefined) return source.name;
  const path = source.label.replace(transportPattern, "").replace(/@?sha(?:256|512):[0-9a-f]*$/, "");
  return path.split("/").findLast((part) => part !== "") ?? "image";
}

/** The bundle's default file: `torch-app:2` gives `torch-app-2.ddiff`, in the current folder. */
export function bundleFileName(image: string): string {
  const flat = shortDigest(image)
    .replace(/[^A-Za-z0-9._]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return `${flat === "" ? "image" : flat}.ddiff`;
}

function shortDigest(image: string): string {
  return image.replace(/@(sha(?:256|512)):([0-9a-f]{12})[0-9a-f]*$/, "-$2");
}

/** A place's name with an image's name put behind it: how one line of a list of images finds its destination. */
export function nameInPlace(to: string, image: string): string {
  if (to.endsWith(":") || to.endsWith("/"))
    return isFileTransport(to) ? to + fileNameOf(to, image) : to + image;
  if (to.startsWith("docker://")) return `${to}/${image}`;
  if (to.startsWith("dir:")) return `${to}/${bundleFileName(image).replace(/\.ddiff$/, "")}`;
  return `${to}:${image}`;
}

function isFileTransport(to: string): boolean {
  return /^(?:dir|oci-archive|docker-archive):/.test(to);
}

function fileNameOf(to: string, image: string): string {
  const stem = bundleFileName(image).replace(/\.ddiff$/, "");
  return to.startsWith("dir:") ? stem : `${stem}.tar:${image}`;
}

/** `debian` as `debian:latest`; anything that is no reference as it is. */
export function withTag(image: string): string {
  try {
    return familiarName(withDefaultTag(parseReference(image)));
  } catch {
    return image;
  }
}
