import { readDigest } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import {
  memberSpot,
  optional,
  present,
  readBoolean,
  readJsonObject,
  readList,
  readObject,
  readString,
  readStrings,
  refuse,
  required,
  type JsonObject,
  type Spot,
} from "./fields.ts";

/** The parts of an image config that ddiff reads (image-spec, config.md). The bytes are always kept verbatim. */
export interface ImageConfig {
  architecture: string;
  os: string;
  variant?: string;
  "os.version"?: string;
  "os.features"?: string[];
  /** RFC 3339, as the builder wrote it. */
  created?: string;
  /** The layers' identities, bottom first: digests of the uncompressed tars. */
  diffIds: Digest[];
  /** One line per Dockerfile step. */
  history: { createdBy?: string; emptyLayer: boolean; created?: string; comment?: string }[];
}

/**
 * Reads an image config (image-spec, config.md; Docker's is the same). Members it does not know are left behind,
 * whatever they hold. Throws `CONFIG_INVALID`.
 */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const spot: Spot = { code: "CONFIG_INVALID", what: "the image config", path: "" };
  const object = readJsonObject(bytes, spot);
  return {
    architecture: required(object, "architecture", spot, readString),
    os: required(object, "os", spot, readString),
    ...optional(object, "variant", spot, readString),
    ...optional(object, "os.version", spot, readString),
    ...optional(object, "os.features", spot, readStrings),
    ...optional(object, "created", spot, readString),
    diffIds: required(object, "rootfs", spot, readRootfs),
    history: present(object, "history")
      ? readList(object["history"], memberSpot(spot, "history"), readStep)
      : [],
  };
}

function readRootfs(value: unknown, spot: Spot): Digest[] {
  const object = readObject(value, spot);
  const type = required(object, "type", spot, readString);
  if (type !== "layers") refuse(memberSpot(spot, "type"), 'is not "layers"');
  // An image without layers has null or nothing here.
  if (!present(object, "diff_ids")) return [];
  return readList(object["diff_ids"], memberSpot(spot, "diff_ids"), readDigest);
}

function readStep(value: unknown, spot: Spot): ImageConfig["history"][number] {
  const object = readObject(value, spot);
  return {
    ...renamed(object, "created_by", "createdBy", spot),
    emptyLayer: optional(object, "empty_layer", spot, readBoolean).empty_layer ?? false,
    ...optional(object, "created", spot, readString),
    ...optional(object, "comment", spot, readString),
  };
}

function renamed<N extends string>(
  object: JsonObject,
  from: string,
  to: N,
  spot: Spot,
): { [K in N]?: string } {
  const value = optional(object, from, spot, readString)[from];
  return (value === undefined ? {} : { [to]: value }) as { [K in N]?: string };
}
