import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import type { Running } from "../../src/registry/testing/start.ts";

const simpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json";
const signatureKey = "dev.cosignproject.cosign/signature";
const artifactType = "application/vnd.dev.cosign.artifact.sig.v1+json";

/** A key pair for signing images. */
export function signingKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

/** Signs an image in a registry as `cosign sign --key` does with OCI 1.1: a payload with the manifest's digest, as a referrer of the manifest. */
export async function signImage(
  registry: Running,
  repository: string,
  digest: string,
  key: KeyObject,
): Promise<void> {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": repository },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: null,
    }),
  );
  const put = async (bytes: Buffer): Promise<string> => {
    const blob = digestOf(bytes);
    const { headers } = await registry.call("POST", `/v2/${repository}/blobs/uploads/`);
    const url = new URL(String(headers.location), `http://127.0.0.1:${registry.port}`);
    url.searchParams.set("digest", blob);
    await registry.call("PUT", url.pathname + url.search, {
      body: bytes,
      headers: { "content-type": "application/octet-stream" },
    });
    return blob;
  };
  const config = Buffer.from("{}");
  const subject = await registry.call("HEAD", `/v2/${repository}/manifests/${digest}`);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config: { mediaType: mediaTypes.ociConfig, size: config.length, digest: await put(config) },
      layers: [
        {
          mediaType: simpleSigning,
          size: payload.length,
          digest: await put(payload),
          annotations: { [signatureKey]: sign("sha256", payload, key).toString("base64") },
        },
      ],
      subject: {
        mediaType: subject.headers["content-type"],
        size: Number(subject.headers["content-length"]),
        digest,
      },
    }),
  );
  const done = await registry.call("PUT", `/v2/${repository}/manifests/${digestOf(manifest)}`, {
    body: manifest,
    headers: { "content-type": mediaTypes.ociManifest },
  });
  if (done.status !== 201) throw new Error(`the registry answers ${done.status}: ${done.body.toString()}`);
}

/** Whether some signature in the registry is for this very image, as `cosign verify --key` finds out. */
export async function isSigned(
  registry: Running,
  repository: string,
  digest: string,
  key: KeyObject,
): Promise<boolean> {
  const json = async (path: string): Promise<unknown> =>
    JSON.parse((await registry.call("GET", `/v2/${repository}/${path}`)).body.toString());
  const { manifests } = (await json(`referrers/${digest}`)) as { manifests: { digest: string }[] };
  for (const referrer of manifests) {
    const { layers } = (await json(`manifests/${referrer.digest}`)) as {
      layers: { digest: string; annotations?: Record<string, string> }[];
    };
    for (const layer of layers) {
      const signature = Buffer.from(layer.annotations?.[signatureKey] ?? "", "base64");
      const { body } = await registry.call("GET", `/v2/${repository}/blobs/${layer.digest}`);
      if (digestOf(body) !== layer.digest || !verify("sha256", body, key, signature)) continue;
      const said = JSON.parse(body.toString()) as {
        critical: { image: { "docker-manifest-digest": string } };
      };
      if (said.critical.image["docker-manifest-digest"] === digest) return true;
    }
  }
  return false;
}
