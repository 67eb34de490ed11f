import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { forwardTo } from "../places/forward.ts";
import type { Source } from "../places/place.ts";
import { bundleTypes } from "./bundle-config.ts";

/**
 * What the manifest of a delta says of itself, so that a client can choose without fetching more. A delta is a bundle that lies in a
 * registry as an artifact whose `subject` is the manifest of the image that it makes (docs/bundle-format.md).
 */
export const deltaAnnotations = {
  /** Names of the images that hold the base's layers where the delta was made, with commas. */
  baseNames: "vnd.ddiff.base.names",
  /** DiffIDs of the layers that must be at hand, with commas. */
  baseLayers: "vnd.ddiff.base.layers",
  /** Bytes of all its blobs. */
  size: "vnd.ddiff.delta.size",
  /** `ddiff` where ddiff itself packed the layers of the image, so that a rebuilt layer can be packed to the same bytes again. */
  packing: "vnd.ddiff.target.packing",
} as const;

/** A delta as a registry lists it. All of it is only said, nothing proven. */
export interface ListedDelta {
  descriptor: Descriptor;
  baseNames: string[];
  baseLayers: Digest[];
  /** Bytes. */
  size: number;
}

/** A source without its deltas, and those of every image that was asked about through it. */
export interface SetAside {
  source: Source;
  /** Deltas by the digest of the manifest that they make. */
  deltas: Map<Digest, ListedDelta[]>;
}

/** More deltas of one image than anybody looks through. */
const mostDeltas = 1000;

/**
 * The same source, whose referrers are all but deltas: those serve only who has their base, and are no part of the image. Each
 * subject is asked about once.
 */
export function setDeltasAside(source: Source): SetAside {
  const deltas: SetAside["deltas"] = new Map();
  const asked = new Map<Digest, Promise<Descriptor[]>>();
  const ask = async (subject: Digest): Promise<Descriptor[]> => {
    const all = await source.referrers(subject);
    const found = all.filter(isDelta).slice(0, mostDeltas);
    if (found.length > 0)
      deltas.set(
        subject,
        found.map(readListed).filter((delta) => delta !== undefined),
      );
    return all.filter((descriptor) => !isDelta(descriptor));
  };
  return {
    deltas,
    source: {
      ...forwardTo(source),
      referrers(subject) {
        const answer = asked.get(subject) ?? ask(subject);
        asked.set(subject, answer);
        return answer;
      },
    },
  };
}

function isDelta(descriptor: Descriptor): boolean {
  return descriptor.artifactType === bundleTypes.artifact;
}

function isName(text: string): boolean {
  return /^[\w.\-/:@]{1,512}$/.test(text);
}

/** What a descriptor says of a delta; undefined where it does not say enough to choose it. */
function readListed(descriptor: Descriptor): ListedDelta | undefined {
  const said = descriptor.annotations ?? {};
  const layers = (said[deltaAnnotations.baseLayers] ?? "").split(",").filter((text) => text !== "");
  const size = Number(said[deltaAnnotations.size] ?? Number.NaN);
  if (!layers.every(isDigest) || !Number.isSafeInteger(size) || size < 0) return undefined;
  // Names go to the terminal: what no image can be called is left out.
  const baseNames = (said[deltaAnnotations.baseNames] ?? "").split(",").filter(isName);
  return { descriptor, baseLayers: layers, baseNames, size };
}
