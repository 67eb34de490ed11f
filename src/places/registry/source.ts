import { readAll } from "../../codec/read-all.ts";
import { decompressed } from "../../codec/compression.ts";
import { verified } from "../../codec/verify.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, digestOf } from "../../oci/digest.ts";
import { familiarName, formatReference, type Reference } from "../../oci/reference.ts";
import { DdiffError } from "../../util/errors.ts";
import type { Document, Source } from "../place.ts";
import { hasBlob, hasForeignUrls, openBlob } from "./blob-download.ts";
import { type Connection, shortName } from "./connection.ts";
import { getManifest, isManifest, manifestLimit, resolveManifest } from "./manifests.ts";
import { listReferrers } from "./referrers.ts";

/** The reading face of one image in a registry. A digest in the reference wins over its tag. */
export function registrySource(connection: Connection, reference: Reference): Source {
  const { domain, path, tag, digest } = reference;
  let root: Promise<Document> | undefined;

  const readDocument = async (descriptor: Descriptor): Promise<Document> => {
    if (descriptor.size > manifestLimit) {
      throw new DdiffError(
        "TOO_LARGE",
        `${shortName(path, descriptor.digest)} has ${descriptor.size} bytes, more than a manifest or config may have`,
      );
    }
    const embedded = embeddedData(descriptor);
    if (embedded !== undefined) return { descriptor, bytes: embedded };
    const bytes = isManifest(descriptor)
      ? (await getManifest(connection, path, descriptor.digest)).bytes
      : await readBlob(descriptor);
    if (bytes.length !== descriptor.size) {
      throw new DdiffError(
        "SIZE_MISMATCH",
        `${shortName(path, descriptor.digest)} in ${domain} has ${bytes.length} bytes, not ${descriptor.size}`,
        { hint: "The index that lists it is wrong; push the image again." },
      );
    }
    return { descriptor, bytes };
  };

  const readBlob = async (descriptor: Descriptor): Promise<Buffer> => {
    const what = `blob ${shortName(path, descriptor.digest)}`;
    const stream = await openBlob(connection, path, descriptor, connection.signal);
    return readAll(verified(stream, descriptor, what), manifestLimit, what);
  };

  return {
    label: `docker://${formatReference(reference)}`,
    name: tag === undefined ? undefined : familiarName({ domain, path, tag }),
    repository: { registry: domain, repository: path },
    root() {
      root ??= getManifest(connection, path, digest ?? tag ?? "latest").catch((error: unknown) => {
        root = undefined;
        throw error;
      });
      return root;
    },
    readDocument,
    async hasBlob(descriptor) {
      if (embeddedData(descriptor) !== undefined) return true;
      if (isManifest(descriptor)) {
        return (await resolveManifest(connection, path, descriptor.digest)) !== undefined;
      }
      return (
        (await hasBlob(connection, path, descriptor, { signal: connection.signal })) ||
        hasForeignUrls(descriptor)
      );
    },
    openBlob: (descriptor) => openBlob(connection, path, descriptor, connection.signal),
    async openLayer({ descriptor }) {
      const what = `layer ${shortName(path, descriptor.digest)}`;
      const blob = await openBlob(connection, path, descriptor, connection.signal);
      return decompressed(verified(blob, descriptor, what), { what });
    },
    referrers: (subject) => listReferrers(connection, path, subject),
    // Connections are shared by all images of a run and do not keep the process alive.
    close: async () => undefined,
  };
}

/** The content that the descriptor itself brings (image-spec, descriptor.md, `data`), where it is what it should be. */
function embeddedData(descriptor: Descriptor): Buffer | undefined {
  if (descriptor.data === undefined) return undefined;
  const bytes = Buffer.from(descriptor.data, "base64");
  const same = digestOf(bytes, algorithmOf(descriptor.digest)) === descriptor.digest;
  return same && bytes.length === descriptor.size ? bytes : undefined;
}
