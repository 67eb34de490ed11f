import { digestOf, algorithmOf, isDigest, type Digest } from "./digest.ts";
import {
  memberSpot,
  optional,
  readObject,
  readSize,
  readString,
  readStringMap,
  readStrings,
  refuse,
  required,
  type Spot,
} from "./fields.ts";
import type { Platform } from "./platform.ts";

/** A reference to content by digest (image-spec, descriptor.md). `size` is in bytes. */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  urls?: string[];
  annotations?: Record<string, string>;
  /** Base64 of the content itself, where the author embedded it. */
  data?: string;
  platform?: Platform;
  artifactType?: string;
}

/** RFC 6838 names, and parameters, which some artifact tools add. */
const mediaTypePattern =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?:;[ -~]{0,128})?$/;
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads a descriptor out of parsed JSON; unknown members are left behind. `what` names it in errors.
 * Embedded `data` must be the content itself. Throws `DESCRIPTOR_INVALID`.
 */
export function parseDescriptor(value: unknown, what: string): Descriptor {
  return readDescriptor(value, { code: "DESCRIPTOR_INVALID", what, path: "" });
}

/** `parseDescriptor` for a descriptor inside another document, whose error code and path it takes. */
export function readDescriptor(value: unknown, spot: Spot): Descriptor {
  const object = readObject(value, spot);
  const descriptor: Descriptor = {
    mediaType: required(object, "mediaType", spot, readMediaType),
    digest: required(object, "digest", spot, readDigest),
    size: required(object, "size", spot, readSize),
    ...optional(object, "urls", spot, readStrings),
    ...optional(object, "annotations", spot, readStringMap),
    ...optional(object, "data", spot, readString),
    ...optional(object, "platform", spot, readPlatform),
    ...optional(object, "artifactType", spot, readString),
  };
  checkData(descriptor, memberSpot(spot, "data"));
  return descriptor;
}

/** A media type as RFC 6838 names it. */
export function readMediaType(value: unknown, spot: Spot): string {
  const text = readString(value, spot);
  return mediaTypePattern.test(text) ? text : refuse(spot, `is no media type: ${show(text)}`);
}

/** A sha256 or sha512 digest. */
export function readDigest(value: unknown, spot: Spot): Digest {
  const text = readString(value, spot);
  return isDigest(text) ? text : refuse(spot, `is not a sha256 or sha512 digest: ${show(text)}`);
}

function readPlatform(value: unknown, spot: Spot): Platform {
  const object = readObject(value, spot);
  return {
    os: required(object, "os", spot, readString),
    architecture: required(object, "architecture", spot, readString),
    ...optional(object, "variant", spot, readString),
    ...optional(object, "os.version", spot, readString),
    ...optional(object, "os.features", spot, readStrings),
  };
}

function checkData(descriptor: Descriptor, spot: Spot): void {
  const { data, digest, size } = descriptor;
  if (data === undefined) return;
  if (!base64Pattern.test(data)) refuse(spot, "is not base64");
  const bytes = Buffer.from(data, "base64");
  if (bytes.length !== size) refuse(spot, `has ${bytes.length} bytes where the descriptor says ${size}`);
  if (digestOf(bytes, algorithmOf(digest)) !== digest)
    refuse(spot, "is not the content that the digest names");
}

function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
