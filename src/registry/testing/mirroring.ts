import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect } from "vitest";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { type FakeRegistry, startFakeRegistry } from "../../places/registry/testing/fake-registry.ts";
import type { Store } from "../../store/store.ts";
import type { Access } from "../access/access.ts";
import { createMirror, type MirrorOptions, type RunningMirror } from "../mirror/mirror.ts";
import type { UpstreamOptions } from "../mirror/upstream.ts";
import { type Running, startRegistry } from "./start.ts";

/** A registry that mirrors, and what it said of its upstreams. */
interface Mirroring extends Running {
  problems: string[];
}

/** What a test of the mirror has around it: an upstream in memory with one image, `lab/app:1` of one layer. */
export interface Scene {
  upstream: FakeRegistry;
  layer: Buffer;
  layerDigest: Digest;
  manifest: { digest: Digest; bytes: Buffer };
  /** Run after the test, the last first. */
  closing: (() => Promise<unknown>)[];
  /** Puts an image of one layer under a tag of the upstream. */
  putImage(layer: Buffer, tag: string): { digest: Digest; bytes: Buffer };
  /** Starts a registry that mirrors the upstream as `up.example`. */
  start(
    more?: Partial<MirrorOptions>,
    change?: { upstream?: Partial<UpstreamOptions>; wrap?: (store: Store) => Store; access?: Access },
  ): Promise<Mirroring>;
  /** What reached the upstream beside the greeting. */
  asked(): string[];
  /** The blob's path in the mirror. */
  blobPath(digest?: Digest, repository?: string): string;
  /** Neither the layer nor an upload may be left in the store. */
  expectNothingKept(registry: Running): Promise<void>;
}

/** Sets the scene anew for each test of a file. */
export function useScene(): Scene {
  const scene: Scene = {
    // Set before each test.
    upstream: undefined as unknown as FakeRegistry,
    layer: Buffer.alloc(0),
    layerDigest: digestOf(Buffer.alloc(0)),
    manifest: { digest: digestOf(Buffer.alloc(0)), bytes: Buffer.alloc(0) },
    closing: [],
    putImage: (bytes, tag) => putImage(scene.upstream, bytes, tag),
    start: (more, change) => start(scene, more, change),
    asked: () => scene.upstream.lines().filter((line) => !line.endsWith(" /v2/")),
    blobPath: (digest = scene.layerDigest, repository = "up.example/lab/app") =>
      `/v2/${repository}/blobs/${digest}`,
    async expectNothingKept({ store }) {
      // Who fails tells its client first and clears up then.
      await expect.poll(() => store.staleUploads(Date.now() + 1000)).toEqual([]);
      expect(await store.statBlob(scene.layerDigest)).toBeUndefined();
    },
  };
  beforeEach(async () => {
    scene.upstream = await startFakeRegistry();
    scene.closing.push(() => scene.upstream.stop());
    scene.layer = randomBytes(300_000);
    scene.layerDigest = digestOf(scene.layer);
    scene.manifest = scene.putImage(scene.layer, "1");
  });
  afterEach(async () => {
    for (const close of scene.closing.splice(0).toReversed()) await close();
  });
  return scene;
}

/** The path of a manifest in the mirror. */
export const manifestPath = (reference: string, repository = "up.example/lab/app"): string =>
  `/v2/${repository}/manifests/${reference}`;

function putImage(upstream: FakeRegistry, bytes: Buffer, tag: string): { digest: Digest; bytes: Buffer } {
  const config = Buffer.from(`{"of":"${tag}"}`);
  const descriptor = (mediaType: string, blob: Buffer) => {
    upstream.blobs.set(digestOf(blob), blob);
    return { mediaType, digest: digestOf(blob), size: blob.length };
  };
  const text = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(mediaTypes.ociConfig, config),
      layers: [descriptor(mediaTypes.ociLayerGzip, bytes)],
    }),
  );
  const digest = digestOf(text);
  upstream.put(
    { descriptor: { mediaType: mediaTypes.ociManifest, digest, size: text.length }, bytes: text },
    tag,
  );
  return { digest, bytes: text };
}

async function start(
  scene: Scene,
  more: Partial<MirrorOptions> = {},
  change: { upstream?: Partial<UpstreamOptions>; wrap?: (store: Store) => Store; access?: Access } = {},
): Promise<Mirroring> {
  const problems: string[] = [];
  let mirror: RunningMirror | undefined;
  const upstreams = [{ host: "up.example", url: `http://${scene.upstream.host}`, ...change.upstream }];
  const registry = await startRegistry({
    wrap(store) {
      const wrapped = change.wrap?.(store) ?? store;
      mirror = createMirror({
        store: wrapped,
        upstreams,
        freshFor: 60_000,
        onProblem: (sentence) => void problems.push(sentence),
        ...more,
      });
      return wrapped;
    },
    ...(change.access === undefined ? {} : { access: change.access }),
    mirror: {
      manifest: async (...of) => mirror?.manifest(...of),
      blob: async (...of) => mirror?.blob(...of),
    },
  });
  scene.closing.push(async () => {
    await mirror?.close();
    await registry.close();
  });
  return Object.assign(registry, { problems });
}
