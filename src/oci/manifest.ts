import { DdiffError } from "../util/errors.ts";
import { readDescriptor, readMediaType, type Descriptor } from "./descriptor.ts";
import {
  memberSpot,
  optional,
  present,
  readList,
  readJsonObject,
  readString,
  readStringMap,
  refuse,
  required,
  type JsonObject,
  type Spot,
} from "./fields.ts";
import { isIndexType, isManifestType, mediaTypes } from "./media-types.ts";

/** An image manifest or artifact manifest (image-spec, manifest.md; Docker schema 2). */
export interface Manifest {
  kind: "manifest";
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  subject?: Descriptor;
  artifactType?: string;
  annotations?: Record<string, string>;
}

/** An image index or Docker manifest list (image-spec, image-index.md). */
export interface Index {
  kind: "index";
  mediaType: string;
  manifests: Descriptor[];
  subject?: Descriptor;
  artifactType?: string;
  annotations?: Record<string, string>;
}

/** Members that only one kind may have: a text with both would be two images to two readers (CVE-2021-41190). */
const manifestOnly = ["config", "layers", "fsLayers", "history"];
const indexOnly = ["manifests"];
const allMembers = [
  "schemaVersion",
  "mediaType",
  "artifactType",
  "subject",
  "annotations",
  ...manifestOnly,
  ...indexOnly,
];
/** What servers say when they do not know; then the document speaks for itself. */
const genericTypes = new Set(["", "application/json", "application/octet-stream", "text/plain", "text/json"]);

/**
 * Reads an index or a manifest, OCI's or Docker's. `mediaType` is what the outside says about it (a Content-Type or
 * the descriptor's type) and must agree with the document. Throws `MANIFEST_INVALID`, also for what is neither: a
 * document of both kinds, Docker's schema 1, more than 4 MiB, a name twice.
 */
export function parseDocument(bytes: Uint8Array, mediaType?: string): Manifest | Index {
  const spot: Spot = { code: "MANIFEST_INVALID", what: "the manifest", path: "" };
  const object = readJsonObject(bytes, spot);
  refuseSchema1(object);
  refuseLookalikes(object, spot);
  const version = object["schemaVersion"];
  if (version !== 2) refuse(memberSpot(spot, "schemaVersion"), "is not 2");
  const type = agreedType(object, mediaType, spot);
  return isIndexType(type) ? readIndex(object, type, spot) : readManifest(object, type, spot);
}

/** The type that document and outside agree on; where both are silent, OCI's for what the document looks like. */
function agreedType(object: JsonObject, outside: string | undefined, spot: Spot): string {
  const inside = optional(object, "mediaType", spot, readMediaType).mediaType;
  const said = (outside ?? "").split(";")[0]?.trim() ?? "";
  const given = genericTypes.has(said.toLowerCase()) ? undefined : said;
  for (const type of [inside, given]) {
    if (type !== undefined && !isIndexType(type) && !isManifestType(type)) {
      refuse(spot, `has a media type that is neither a manifest nor an index: ${type.slice(0, 200)}`);
    }
  }
  if (inside !== undefined && given !== undefined && inside !== given) {
    refuse(spot, `says that it is ${inside}, but was given as ${given}`);
  }
  const looks = present(object, "manifests") ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  return inside ?? given ?? looks;
}

function readManifest(object: JsonObject, mediaType: string, spot: Spot): Manifest {
  refuseMembers(object, indexOnly, spot, "a manifest");
  return {
    kind: "manifest",
    mediaType,
    config: required(object, "config", spot, readDescriptor),
    layers: readDescriptors(object, "layers", spot),
    ...common(object, spot),
  };
}

function readIndex(object: JsonObject, mediaType: string, spot: Spot): Index {
  refuseMembers(object, manifestOnly, spot, "an index");
  return {
    kind: "index",
    mediaType,
    manifests: readDescriptors(object, "manifests", spot),
    ...common(object, spot),
  };
}

/** A list that must be there; Go programs write `null` for an empty one. */
function readDescriptors(object: JsonObject, name: string, spot: Spot): Descriptor[] {
  if (!Object.hasOwn(object, name)) return refuse(memberSpot(spot, name), "is missing");
  return present(object, name) ? readList(object[name], memberSpot(spot, name), readDescriptor) : [];
}

function common(object: JsonObject, spot: Spot): Pick<Manifest, "subject" | "artifactType" | "annotations"> {
  return {
    ...optional(object, "subject", spot, readDescriptor),
    ...optional(object, "artifactType", spot, readString),
    ...optional(object, "annotations", spot, readStringMap),
  };
}

function refuseMembers(object: JsonObject, names: string[], spot: Spot, kind: string): void {
  const found = names.find((name) => present(object, name));
  if (found !== undefined) refuse(spot, `is ${kind} and has ${found}: two kinds of document in one`);
}

/** Go's decoder takes `Layers` for `layers`; a document that counts on that is read differently by others. */
function refuseLookalikes(object: JsonObject, spot: Spot): void {
  for (const name of Object.keys(object)) {
    const meant = allMembers.find((known) => known.toLowerCase() === name.toLowerCase());
    if (meant !== undefined && meant !== name) {
      refuse(spot, `has ${JSON.stringify(name)}, which some readers take for ${JSON.stringify(meant)}`);
    }
  }
}

function refuseSchema1(object: JsonObject): void {
  const type = object["mediaType"];
  const isOld =
    typeof type === "string" && type.startsWith("application/vnd.docker.distribution.manifest.v1+");
  if (object["schemaVersion"] !== 1 && !isOld) return;
  throw new DdiffError("MANIFEST_INVALID", "the manifest is in Docker's old schema 1 format", {
    hint: "Pull the image with an engine that still reads it and push it again: it becomes schema 2.",
  });
}
