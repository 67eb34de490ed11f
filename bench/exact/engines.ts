import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readAll } from "../../src/codec/read-all.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { copyImage } from "../../src/places/copy.ts";
import { readImage } from "../../src/places/image-tree.ts";
import { openPlace } from "../../src/places/open.ts";
import type { PlaceContext } from "../../src/places/place.ts";
import { MemoryStore } from "../../src/places/testing/memory.ts";
import { startRegistry } from "../../src/registry/testing/start.ts";
import { silent } from "../../src/util/progress.ts";
import { startDocker, startPodman } from "../../test/support/engines.ts";
import { run } from "../../test/support/run.ts";

/** A layer as an engine packed it. */
export interface PackedByEngine {
  title: string;
  version: string;
  packed: Buffer;
}

/** Has Debian's engines push an image with the file `input` as its only layer, or write it into a layout. */
export async function packByEngines(work: string): Promise<PackedByEngine[]> {
  const context: PlaceContext = { env: { HOME: work }, progress: silent, tempDir: work, insecure: false };
  const registry = await startRegistry();
  const docker = await startDocker({ driver: "vfs" });
  const podman = await startPodman({ driver: "vfs" });
  const host = `127.0.0.1:${registry.port}`;
  /** The first layer at a place, packed. */
  const layerAt = async (place: string): Promise<Buffer> => {
    const source = await (await openPlace(place, context)).source();
    const { images } = await readImage(source);
    const descriptor = images[0]?.layers.at(-1)?.descriptor;
    if (descriptor === undefined) throw new Error(`${place} has no layer`);
    return readAll(await source.openBlob(descriptor), 1 << 30, place);
  };
  try {
    await docker.run("docker", "import", join(work, "input"), `${host}/docker:1`);
    const dockerVersion = (await docker.run("docker", "version", "-f", "{{.Server.Version}}")).trim();
    await docker.run("docker", "push", "-q", `${host}/docker:1`);
    const plain = await writePlain(await readFile(join(work, "input")), join(work, "plain"), context);
    for (const program of ["podman", "buildah"]) {
      await podman.run("skopeo", "copy", "-q", plain, `containers-storage:localhost/${program}:1`);
      const to = `docker://${host}/${program}:1`;
      await podman.run(program, "push", "-q", "--tls-verify=false", `localhost/${program}:1`, to);
    }
    await podman.run("skopeo", "copy", "-q", "--dest-tls-verify=false", plain, `docker://${host}/skopeo:1`);
    const umoci = (...args: string[]) => run("umoci", args, { cwd: work });
    await umoci("init", "--layout", "umoci");
    await umoci("new", "--image", "umoci:1");
    await umoci("insert", "--image", "umoci:1", "input", "/input");
    const push = async (name: string) => layerAt(`docker://${host}/${name}:1`);
    return [
      { title: "docker push", version: dockerVersion, packed: await push("docker") },
      { title: "podman push", version: version("podman", "--version"), packed: await push("podman") },
      { title: "buildah push", version: version("buildah", "--version"), packed: await push("buildah") },
      { title: "skopeo copy", version: version("skopeo", "--version"), packed: await push("skopeo") },
      {
        title: "umoci insert",
        version: version("umoci", "--version"),
        packed: await layerAt(`oci:${work}/umoci:1`),
      },
    ];
  } finally {
    await podman.stop();
    await docker.stop();
    await registry.close();
  }
}

function version(program: string, ...args: string[]): string {
  const said = execFileSync(program, args, { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(said)?.[0] ?? said.trim();
}

/** An image with one uncompressed layer in a layout. */
async function writePlain(tar: Buffer, folder: string, context: PlaceContext): Promise<string> {
  const store = new MemoryStore();
  const config = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
  };
  const root = store.manifest(store.blob(mediaTypes.ociConfig, JSON.stringify(config)), [
    store.blob(mediaTypes.ociLayer, tar),
  ]);
  const sink = await (await openPlace(`oci:${folder}:made`, context)).sink();
  await copyImage(store.source(root), sink, { progress: silent });
  await sink.close();
  return `oci:${folder}:made`;
}
