import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAll } from "../src/codec/read-all.ts";
import { digestOf, hexOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { copyImage, outgoingImage } from "../src/places/copy.ts";
import { readImage } from "../src/places/image-tree.ts";
import type { PlaceContext } from "../src/places/place.ts";
import { deleteImage, listRepositories, listTags, registryPlace } from "../src/places/registry.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import { breakingRelay, makeCertificate, startRegistry, type TestRegistry } from "./support/registry.ts";
import { describePlace, findTool, firstMissing, toolMissing } from "./support/tools.ts";

const run = promisify(execFile);
const missing = firstMissing(
  toolMissing("docker-registry"),
  toolMissing("skopeo"),
  toolMissing("htpasswd"),
  toolMissing("openssl"),
);

async function skopeo(...args: string[]): Promise<string> {
  const { stdout } = await run(findTool("skopeo") ?? "skopeo", ["--insecure-policy", ...args]);
  return stdout;
}

describePlace("registry", missing, () => {
  let folder = "";
  let open: TestRegistry;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-registry-test-"));
    open = await startRegistry();
  });
  afterAll(async () => {
    await open.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const context = (more: Partial<PlaceContext> = {}): PlaceContext => ({
    env: { HOME: join(folder, "no-home") },
    progress: silent,
    tempDir: folder,
    insecure: false,
    ...more,
  });

  it("pushes a multi-platform image that skopeo reads with every digest unchanged", async () => {
    const store = new MemoryStore();
    const amd = store.image("linux/amd64", ["one", "two"]);
    const arm = store.image("linux/arm64/v8", ["one", "three"]);
    const index = store.index([amd, arm, store.attestation(amd, "provenance")]);
    const sink = await registryPlace(`//${open.host}/team/app:2`, context()).sink();

    const written = await copyImage(store.source(index), sink, { progress: silent });

    expect(written.digest).toBe(index.digest);
    const raw = await skopeo("inspect", "--raw", "--tls-verify=false", `docker://${open.host}/team/app:2`);
    expect(digestOf(Buffer.from(raw))).toBe(index.digest);
    const target = join(folder, "skopeo-copy");
    await skopeo(
      "copy",
      "--all",
      "--preserve-digests",
      "--src-tls-verify=false",
      `docker://${open.host}/team/app:2`,
      `oci:${target}:app`,
    );
    for (const [digest, bytes] of store.blobs) {
      expect(await readFile(join(target, "blobs", "sha256", hexOf(digest)))).toEqual(bytes);
    }
  });

  it("reads what skopeo pushed, by tag and by digest", async () => {
    const layout = join(folder, "layout");
    const config = {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [] as string[] },
    };
    const tar = Buffer.alloc(10_240);
    config.rootfs.diff_ids.push(digestOf(tar));
    const store = new MemoryStore();
    const root = store.manifest(store.blob(mediaTypes.ociConfig, JSON.stringify(config)), [
      store.blob(mediaTypes.ociLayerGzip, gzipSync(tar)),
    ]);
    await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
    for (const [digest, bytes] of store.blobs) {
      await writeFile(join(layout, "blobs", "sha256", hexOf(digest)), bytes);
    }
    await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    const annotations = { "org.opencontainers.image.ref.name": "x" };
    const index = { schemaVersion: 2, manifests: [{ ...root, annotations }] };
    await writeFile(join(layout, "index.json"), JSON.stringify(index));
    await skopeo("copy", "--dest-tls-verify=false", `oci:${layout}:x`, `docker://${open.host}/from-skopeo:1`);

    for (const name of ["from-skopeo:1", `from-skopeo@${root.digest}`]) {
      const place = registryPlace(`//${open.host}/${name}`, context());
      const [held] = await place.inventory();
      expect(held?.layers).toEqual(config.rootfs.diff_ids);
      const source = await place.source();
      const layer = (await readImage(source)).images[0]?.layers[0];
      if (layer === undefined) throw new Error("no layer");
      expect(await readAll(await source.openLayer(layer), 1 << 20, "layer")).toEqual(tar);
    }
  });

  it("mounts from another repository and sends nothing twice", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["mounted layer"]);
    const first = await registryPlace(`//${open.host}/first/app:1`, context()).sink();
    await copyImage(store.source(root), first, { progress: silent });
    const source = await registryPlace(`//${open.host}/first/app:1`, context()).source();
    const image = await outgoingImage(source, await readImage(source));
    for (const blob of image.blobs) {
      blob.open = () => Promise.reject(new Error("a mount needs no bytes"));
    }
    const second = await registryPlace(`//${open.host}/second/app:1`, context()).sink();

    await second.write(image, { progress: silent });

    const pulled = await registryPlace(`//${open.host}/second/app:1`, context()).source();
    expect((await pulled.root()).descriptor.digest).toBe(root.digest);
    const again = await second.write(image, { progress: silent });
    expect(again.bytes).toBe(root.size);
  });

  it("carries signatures by the fallback tag where the registry has no referrers API", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["signed layer"]);
    const signatures = [store.referrer(root, "first"), store.referrer(root, "second")];
    const sink = await registryPlace(`//${open.host}/signed:1`, context()).sink();

    await copyImage(store.source(root), sink, { progress: silent });

    const source = await registryPlace(`//${open.host}/signed:1`, context()).source();
    const found = await source.referrers(root.digest);
    expect(found.map((one) => one.digest).sort()).toEqual(signatures.map((one) => one.digest).sort());
    expect(found[0]?.artifactType).toBe("application/vnd.example.signature");
  });

  it("brings a layer up and down over a line that breaks again and again", { timeout: 120_000 }, async () => {
    const bytes = randomBytes(12 << 20);
    const store = new MemoryStore();
    const layer = store.blob(mediaTypes.ociLayer, bytes);
    const config = {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    };
    const root = store.manifest(store.blob(mediaTypes.ociConfig, JSON.stringify(config)), [layer]);
    const relay = await breakingRelay(open.port, {
      up: [3_000_000, 2_500_000, 3_500_000],
      down: [4_000_000, 5_000_000],
    });
    try {
      const tuning = { wholeBytes: 1 << 20, chunkBytes: 5 << 20, retryDelayMs: 20 };
      const place = registryPlace(`//${relay.host}/broken/line:1`, context(), tuning);
      const source = store.source(root);
      const image = await outgoingImage(source, await readImage(source));
      let opened = 0;
      let yielded = 0;
      for (const blob of image.blobs) {
        blob.open = async () => {
          opened++;
          return Readable.from(
            (function* () {
              for (let at = 0; at < bytes.length; at += 65_536) {
                yielded += 65_536;
                yield bytes.subarray(at, at + 65_536);
              }
            })(),
          );
        };
      }
      await (await place.sink()).write(image, { progress: silent });
      // Docker's registry forgets an upload that broke inside a piece, so here it had to begin again.
      expect(relay.cuts()).toBe(3);
      expect(opened).toBeGreaterThan(1);
      expect(yielded).toBeGreaterThan(bytes.length);

      const pulled = await place.source();
      const blob = await readAll(await pulled.openBlob(layer), bytes.length, "layer");
      expect(blob.equals(bytes)).toBe(true);
      expect(relay.cuts()).toBe(5);
    } finally {
      await relay.stop();
    }
  });

  it("lists tags and repositories and deletes one image without taking others along", async () => {
    const store = new MemoryStore();
    const one = store.image("linux/amd64", ["list one"]);
    const two = store.image("linux/amd64", ["list two"]);
    for (const [tag, root] of [
      ["1", one],
      ["2", two],
      ["latest", two],
    ] as const) {
      const sink = await registryPlace(`//${open.host}/listed:${tag}`, context()).sink();
      await copyImage(store.source(root), sink, { progress: silent });
    }
    expect(await listTags(`//${open.host}/listed`, context())).toEqual(["1", "2", "latest"]);
    expect(await listRepositories(`//${open.host}`, context())).toContain("listed");

    // Debian's registry cannot delete a tag alone: `2` must not take `latest` with it.
    await expect(deleteImage(`//${open.host}/listed:2`, context())).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      message: expect.stringContaining("latest"),
    });
    const deleted = await deleteImage(`//${open.host}/listed:1`, context());
    expect(deleted).toEqual({ digest: one.digest, manifest: true });
    const gone = await registryPlace(`//${open.host}/listed:1`, context()).source();
    await expect(gone.root()).rejects.toMatchObject({ code: "IMAGE_MISSING" });
    const kept = await registryPlace(`//${open.host}/listed:2`, context()).source();
    expect((await kept.root()).descriptor.digest).toBe(two.digest);
    await expect(deleteImage(`//${open.host}/listed:nope`, context())).rejects.toMatchObject({
      code: "IMAGE_MISSING",
    });
  });

  it("says so where a registry does not allow deletes", async () => {
    const closed = await startRegistry({ deletes: false });
    try {
      const store = new MemoryStore();
      const sink = await registryPlace(`//${closed.host}/app:1`, context()).sink();
      await copyImage(store.source(store.image("linux/amd64", ["x"])), sink, { progress: silent });
      await expect(deleteImage(`//${closed.host}/app:1`, context())).rejects.toMatchObject({
        code: "REGISTRY_UNSUPPORTED",
        hint: expect.stringContaining("REGISTRY_STORAGE_DELETE_ENABLED"),
      });
    } finally {
      await closed.stop();
    }
  });

  it("fetches a layer that the registry may not keep from where its descriptor says", async () => {
    const tar = Buffer.alloc(10_240, "foreign");
    await makeCertificate(folder);
    const caFile = join(folder, "cert.pem");
    const options = { cert: await readFile(caFile), key: await readFile(join(folder, "key.pem")) };
    const asked: (string | undefined)[] = [];
    const server = createServer(options, (request, response) => {
      asked.push(request.headers.authorization);
      response.end(tar);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const url = `https://127.0.0.1:${port}/layer`;
      const mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar";
      const layer = { mediaType, digest: digestOf(tar), size: tar.length, urls: [url] };
      const place = registryPlace(`//${open.host}/foreign:1`, context({ caFile }));
      const source = await place.source();
      expect(await source.hasBlob(layer)).toBe(true);
      expect(await readAll(await source.openBlob(layer), tar.length, "layer")).toEqual(tar);
      expect(asked).toEqual([undefined]);
      const strict = await registryPlace(`//${open.host}/foreign:1`, context()).source();
      await expect(strict.openBlob(layer)).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("logs in with docker's config, the environment or a credential helper, over TLS with a CA file", async () => {
    const registry = await startRegistry({ users: { ann: "s3cret:with:colons" }, tls: true });
    try {
      const caFile = registry.caFile ?? "";
      const name = `//${registry.host}/private/app:1`;
      const config = join(folder, "docker-config");
      await mkdir(config, { recursive: true });
      const login = async (user: string, password: string): Promise<void> => {
        const auth = Buffer.from(`${user}:${password}`).toString("base64");
        await writeFile(
          join(config, "config.json"),
          JSON.stringify({ auths: { [registry.host]: { auth } } }),
        );
      };
      const configured = (): PlaceContext => context({ caFile, env: { DOCKER_CONFIG: config } });
      const pushed = async (where: PlaceContext): Promise<void> => {
        const store = new MemoryStore();
        const sink = await registryPlace(name, where).sink();
        await copyImage(store.source(store.image("linux/amd64", ["secret"])), sink, { progress: silent });
      };

      await login("ann", "s3cret:with:colons");
      await expect(pushed(context({ env: { DOCKER_CONFIG: config } }))).rejects.toMatchObject({
        code: "CERTIFICATE_INVALID",
        hint: expect.stringContaining("--ca"),
      });
      await pushed(configured());
      await pushed(context({ insecure: true, env: { DOCKER_CONFIG: config } }));

      await login("ann", "wrong");
      await expect(pushed(configured())).rejects.toMatchObject({
        code: "AUTH_REFUSED",
        message: expect.stringContaining(`user ann (from ${join(config, "config.json")})`),
      });
      await expect(pushed(context({ caFile, env: {} }))).rejects.toMatchObject({
        code: "AUTH_REQUIRED",
        hint: `Log in with: docker login ${registry.host}`,
      });
      const env = {
        DDIFF_URL: `https://${registry.host}`,
        DDIFF_USERNAME: "ann",
        DDIFF_PASSWORD: "s3cret:with:colons",
      };
      await pushed(context({ caFile, env }));

      const helper = join(folder, "docker-credential-ddifftest");
      const answer = JSON.stringify({ Username: "ann", Secret: "s3cret:with:colons" });
      const script = `#!/bin/sh\n[ "$1" = get ] && read -r h && [ "$h" = ${registry.host} ] && echo '${answer}'\n`;
      await writeFile(helper, script, { mode: 0o755 });
      await writeFile(join(config, "config.json"), JSON.stringify({ credsStore: "ddifftest" }));
      await pushed(
        context({ caFile, env: { DOCKER_CONFIG: config, PATH: `${folder}:${process.env["PATH"]}` } }),
      );
    } finally {
      await registry.stop();
    }
  });
});
