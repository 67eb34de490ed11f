import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sampleBytes } from "../src/codec/exact/testing/sample.ts";
import { openWorkshop, type Workshop } from "../src/delta/testing/images.ts";
import { makeTar, type TarSpec } from "../src/delta/testing/tars.ts";
import { digestOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { buildGoFlate } from "./support/go-flate.ts";
import { ddiff } from "./support/run.ts";
import { describePlace } from "./support/tools.ts";

const go = process.env["DDIFF_TEST_GO"];
const modules = process.env["DDIFF_TEST_GO_MODULES"];
const missing =
  go === undefined || modules === undefined ? "DDIFF_TEST_GO or DDIFF_TEST_GO_MODULES is not set" : undefined;

/** Files of one version of an application, small, empty, and larger than a chunk. */
function filesOf(version: number): TarSpec[] {
  const small = Array.from({ length: 40 }, (_, at) => ({
    path: `app/file${at}`,
    bytes: sampleBytes((at * 7919) % 60_000, at + 1),
    mode: 0o644,
  }));
  return [
    { path: "app/", flag: "5", mode: 0o755 },
    ...small,
    { path: "app/link", flag: "2", linkPath: "file1" },
    { path: "app/large", bytes: sampleBytes(9_000_000 + version, 5), mode: 0o755 },
    { path: "app/version", bytes: Buffer.from(`${version}\n`), mode: 0o644 },
  ];
}

describePlace("exact-estargz", missing, () => {
  let folder = "";
  let shop: Workshop;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "exact-estargz-"));
    shop = await openWorkshop();
  });
  afterAll(async () => {
    await shop?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("keeps the digest of an image whose layers containerd's library packed", {
    timeout: 120_000,
  }, async () => {
    const program = await buildGoFlate(go!, folder, { source: "go-estargz" });
    const places: string[] = [];
    const digests: string[] = [];
    for (const version of [1, 2]) {
      const blob = execFileSync(program, { input: makeTar(filesOf(version)), maxBuffer: 1 << 26 });
      const store = new MemoryStore();
      const rootfs = { type: "layers", diff_ids: [digestOf(gunzipSync(blob))] };
      const config = store.blob(
        mediaTypes.ociConfig,
        JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs }),
      );
      const manifest = store.manifest(config, [store.blob(mediaTypes.ociLayerGzip, blob)]);
      places.push(await shop.write(store, manifest, `made:${version}`));
      digests.push(manifest.digest);
    }
    const bundle = join(folder, "app.ddiff");
    const env = { HOME: folder, DDIFF_TMPDIR: folder, DDIFF_CACHE_DIR: join(folder, "cache") };
    const cli = async (...args: string[]): Promise<string> => {
      const ran = await ddiff(args, { cwd: folder, env });
      expect(ran, ran.stderr).toMatchObject({ status: 0 });
      return ran.stdout;
    };
    await cli("diff", "--require-exact", "-o", bundle, ...places);
    expect(await cli("show", bundle)).toContain("go1.8-level9-flushed");
    await cli("copy", places[0] ?? "", "oci:there:app:1");
    await cli("load", "--require-exact", bundle, "--to", "oci:there:app:2");
    expect((await shop.read(`oci:${folder}/there:app:2`)).root.digest).toBe(digests[1]);
  });
});
