import { DdiffError } from "../util/errors.ts";
import { isDigest, type Digest } from "./digest.ts";

/** A parsed image reference, normalised as Docker does (`debian` is `docker.io/library/debian`). */
export interface Reference {
  /** Registry host with its port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  domain: string;
  /** Repository path inside the registry: `library/debian`. */
  path: string;
  tag?: string;
  digest?: Digest;
}

const defaultDomain = "docker.io";
const legacyDomain = "index.docker.io";
/** The longest repository path, as distribution counts it (the domain is not part of it). */
const pathLimit = 255;
/** Longer than any name, tag and digest together can be; keeps every pattern below cheap. */
const textLimit = 2048;

const domainPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const componentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const identifierPattern = /^[a-f0-9]{64}$/;

/**
 * Reads a reference as Docker's command line does: `name[:tag][@digest]`, the name with or without a registry
 * (distribution-spec, "Pulling manifests"; the grammar of distribution/reference). A tag is never made up: see
 * `withDefaultTag`. Throws `REFERENCE_INVALID`, naming the part that is wrong.
 */
export function parseReference(text: string): Reference {
  if (text === "") throw invalid(text, "is empty", "Give an image name such as debian:12.");
  if (text.length > textLimit) {
    throw invalid(text, `has ${text.length} characters`, `A name has at most ${pathLimit}.`);
  }
  const scheme = /^[a-z][a-z-]*:\/\//.exec(text)?.[0];
  if (scheme !== undefined) {
    throw invalid(text, `begins with ${scheme}`, "Leave the scheme away: host/name:tag.");
  }
  if (identifierPattern.test(text)) {
    throw invalid(
      text,
      "is an image ID, not a name",
      `Write sha256:${text.slice(0, 12)}… where an ID is meant.`,
    );
  }
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : readDigest(text, text.slice(at + 1));
  const { name, tag } = splitTag(at < 0 ? text : text.slice(0, at));
  const { domain, path } = splitDomain(name);
  checkDomain(text, domain);
  checkPath(text, path);
  if (tag !== undefined && !tagPattern.test(tag)) {
    const problem = tag.length > 128 ? `has a tag of ${tag.length} characters` : `has a bad tag ${show(tag)}`;
    throw invalid(
      text,
      problem,
      "A tag has 1 to 128 letters, digits, underscores, dots or dashes and begins with no dot or dash.",
    );
  }
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The full name with registry, tag and digest: `docker.io/library/debian:12`. `parseReference` gives the same back. */
export function formatReference(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/**
 * The shortest name that means the same, as Docker lists it: `debian:12`. Where the short form would be read as
 * something else (`docker.io/localhost/a`) it is the full one.
 */
export function familiarName(reference: Reference): string {
  const full = formatReference(reference);
  if (reference.domain !== defaultDomain) return full;
  const components = reference.path.split("/");
  const short =
    components.length === 2 && components[0] === "library" ? (components[1] ?? "") : reference.path;
  const familiar = short + suffix(reference);
  const means = splitDomain(short);
  const same = means.domain === reference.domain && means.path === reference.path;
  return same && !identifierPattern.test(familiar) ? familiar : full;
}

/** The reference with the tag `latest` where it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: "latest" };
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

/** A colon after the last slash begins a tag; before it, it belongs to the registry's port. */
function splitTag(text: string): { name: string; tag: string | undefined } {
  const start = text.indexOf(":", text.lastIndexOf("/") + 1);
  return start < 0
    ? { name: text, tag: undefined }
    : { name: text.slice(0, start), tag: text.slice(start + 1) };
}

/**
 * What comes before the first slash is a registry when it has a dot, a colon or an upper-case letter, or is
 * `localhost`; else the name belongs to Docker Hub.
 */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain =
    slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const domain = !isDomain || first === legacyDomain ? defaultDomain : first;
  const path = isDomain ? name.slice(slash + 1) : name;
  return { domain, path: domain === defaultDomain && !path.includes("/") ? `library/${path}` : path };
}

function readDigest(text: string, digest: string): Digest {
  if (isDigest(digest)) return digest;
  throw invalid(
    text,
    `has a bad digest ${show(digest)}`,
    "A digest is sha256: and 64, or sha512: and 128, lower-case hex digits.",
  );
}

function checkDomain(text: string, domain: string): void {
  if (domainPattern.test(domain)) return;
  throw invalid(
    text,
    `has a bad registry host ${show(domain)}`,
    "A host is a name, an IPv4 address or an IPv6 address in brackets, with an optional :port.",
  );
}

function checkPath(text: string, path: string): void {
  for (const component of path.split("/")) {
    if (componentPattern.test(component)) continue;
    if (component === "") {
      const problem = path === "library/" ? "has no name" : "has an empty part between slashes";
      throw invalid(text, problem, "Write a name such as host/team/app:tag.");
    }
    if (componentPattern.test(component.toLowerCase())) {
      const hint = `Write ${show(component.toLowerCase())}: names are lower case, only tags may have capitals.`;
      throw invalid(text, `has capital letters in ${show(component)}`, hint);
    }
    throw invalid(
      text,
      `has a bad name part ${show(component)}`,
      "A part has lower-case letters and digits, joined by one dot, one or two underscores, or dashes.",
    );
  }
  if (path.length > pathLimit) {
    throw invalid(text, `has a name of ${path.length} characters`, `A name has at most ${pathLimit}.`);
  }
}

function invalid(text: string, problem: string, hint: string): DdiffError {
  return new DdiffError("REFERENCE_INVALID", `The image name ${show(text)} ${problem}`, {
    hint,
    exitStatus: 2,
  });
}

/** Quoted and cut, so that a hostile name cannot flood or paint the terminal. */
function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
