import { readdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { loadBundle } from "./load.ts";
import { describeBundle } from "./show.ts";
import { addImage, identity, openWorkshop, type Workshop } from "./testing/images.ts";
import { makeContent, makeTar, type TarSpec } from "./testing/tars.ts";
import { MemoryStore } from "../places/testing/memory.ts";

const baseLayer = makeTar([
  { path: "usr/base", bytes: makeContent({ kind: "binary", seed: 1, size: 9000, edits: 0 }) },
]);
const newLayer = makeTar([
  { path: "app/new", bytes: makeContent({ kind: "text", seed: 2, size: 4000, edits: 0 }) },
]);

let shop: Workshop;
let base = "";
beforeAll(async () => {
  shop = await openWorkshop();
  const store = new MemoryStore();
  base = await shop.write(store, addImage(store, [{ tar: baseLayer }]), "base:lab/base:1");
});
afterAll(() => shop.close());

const about = (mediaType: string, bytes: Buffer) => ({
  mediaType,
  size: bytes.length,
  digest: digestOf(bytes),
});

const text = (name: string, content: string): TarSpec => ({
  path: `.ddiff-image/${name}`,
  bytes: Buffer.from(content),
});

const blob = (bytes: Buffer): TarSpec => ({ path: `.ddiff-image/blobs/${digestOf(bytes)}.tar`, bytes });

/** What the original's `tarfile.open(…, "w:gz")` wrote of its `.ddiff-image` folder, for an image on top of the base. */
function archive(): { members: TarSpec[]; manifest: Digest; id: Digest } {
  const layers = [baseLayer, newLayer].map((tar) => gzipSync(tar));
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [digestOf(baseLayer), digestOf(newLayer)] },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify(
      {
        schemaVersion: 2,
        mediaType: mediaTypes.dockerManifest,
        config: about(mediaTypes.dockerConfig, config),
        layers: layers.map((layer) => about(mediaTypes.dockerLayerGzip, layer)),
      },
      undefined,
      3,
    ),
  );
  const [shared, added] = layers as [Buffer, Buffer];
  return {
    manifest: digestOf(manifest),
    id: digestOf(config),
    members: [
      { path: ".ddiff-image/", flag: "5", mode: 0o755 },
      text("BASE", "lab/base:1"),
      text("TARGET", "lab/app:2"),
      text("MANIFEST_MEDIA_TYPE", mediaTypes.dockerManifest),
      text("MOUNT_BLOBS", digestOf(shared)),
      text("UPLOAD_BLOBS", `${digestOf(config)}|${digestOf(added)}`),
      text("manifest.json", String(manifest)),
      { path: ".ddiff-image/blobs/", flag: "5", mode: 0o755 },
      blob(config),
      blob(added),
    ],
  };
}

async function write(members: TarSpec[], name = "lab--app-2.tar.gz"): Promise<string> {
  await writeFile(shop.path(name), gzipSync(makeTar(members)));
  return shop.path(name);
}

describe("an archive of the original tool", () => {
  it("is loaded with the same image ID and digest where its base is", async () => {
    const { members, id, manifest } = archive();
    const to = `oci:${shop.path("to")}:lab/app:2`;
    await loadBundle({ bundle: await write(members), to, bases: [base], context: shop.context });
    const there = await shop.read(to);
    expect(identity(there)).toEqual([{ id, layers: [digestOf(baseLayer), digestOf(newLayer)] }]);
    expect(there.root.digest).toBe(manifest);
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("says what is in it and what it needs", async () => {
    const { members } = archive();
    expect(await describeBundle(await write(members), shop.context)).toMatchObject({
      targets: [{ name: "lab/app:2", platforms: ["linux/amd64"] }],
      base: { names: ["lab/base:1"], layersNeeded: [digestOf(baseLayer)] },
    });
    const request = {
      bundle: shop.path("lab--app-2.tar.gz"),
      to: `oci:${shop.path("no-base")}`,
      bases: [],
      context: shop.context,
    };
    await expect(loadBundle(request)).rejects.toMatchObject({
      code: "BASE_MISSING",
      message: expect.stringContaining("1 of 1 layers of lab/base:1 are not in oci:"),
    });
  });

  const change = (path: RegExp, to: Partial<TarSpec>) =>
    archive().members.map((one) => (path.test(one.path) ? { ...one, ...to } : one));
  const adding = (extra: TarSpec) => [...archive().members, extra];
  const without = (path: RegExp) => archive().members.filter((one) => !path.test(one.path));
  const bytes = Buffer.from("x");

  it.each<[string, TarSpec[], RegExp]>([
    ["a path that leads out", adding({ path: ".ddiff-image/../../etc/cron.d/x", bytes }), /holds ".*cron\.d/],
    ["an absolute path", adding({ path: "/etc/passwd", bytes }), /holds "\/etc\/passwd"/],
    ["a link", adding({ path: ".ddiff-image/TARGET", flag: "2", linkPath: "/etc/passwd" }), /holds "/],
    [
      "a blob that is a link",
      change(/blobs\/sha256/, { flag: "2", linkPath: "/etc/shadow", bytes: Buffer.alloc(0) }),
      /holds "/,
    ],
    [
      "a blob that is not its digest",
      change(/blobs\/sha256/, { bytes: Buffer.from("other") }),
      /does not match its digest/,
    ],
    ["a blob that is missing", without(/blobs\/sha256/), /does not hold sha256/],
    ["no manifest", without(/manifest\.json/), /no manifest\.json/],
    ["no target", without(/TARGET/), /no TARGET/],
    ["two targets", adding({ path: ".ddiff-image/TARGET", bytes }), /TARGET" twice/],
    ["a blob twice", adding(archive().members.at(-1) as TarSpec), /twice/],
    ["a file of its own", adding({ path: ".ddiff-image/run.sh", bytes }), /run\.sh/],
    ["a manifest that is none", change(/manifest\.json/, { bytes: Buffer.from("{}") }), /damaged/],
    ["a manifest that is no JSON", change(/manifest\.json/, { bytes: Buffer.from("{") }), /damaged/],
    ["a text of megabytes", change(/BASE/, { bytes: Buffer.alloc(5 << 20) }), /larger than it may be/],
    ["nothing in it", [], /no manifest\.json/],
  ])("is refused with %s", async (_, members, sentence) => {
    const to = `oci:${shop.path("hostile")}:lab/app:2`;
    const request = {
      bundle: await write(members, "hostile.tar.gz"),
      to,
      bases: [base],
      context: shop.context,
    };
    await expect(loadBundle(request)).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      exitStatus: 3,
      message: expect.stringMatching(sentence),
    });
    expect(existsSync(shop.path("hostile"))).toBe(false);
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("is refused wherever it is cut", async () => {
    const whole = gzipSync(makeTar(archive().members));
    for (let cut = 2; cut < whole.length; cut += 97) {
      await writeFile(shop.path("cut.tar.gz"), whole.subarray(0, cut));
      const request = {
        bundle: shop.path("cut.tar.gz"),
        to: `oci:${shop.path("cut")}`,
        bases: [base],
        context: shop.context,
      };
      await expect(loadBundle(request)).rejects.toMatchObject({ code: "BUNDLE_INVALID", exitStatus: 3 });
    }
    expect(existsSync(shop.path("cut"))).toBe(false);
  });

  it("is refused for a whole layer that is not the one its config names", async () => {
    const { members } = archive();
    const other = gzipSync(makeTar([{ path: "app/other", bytes }]));
    const manifest = JSON.parse(String(members.find((one) => one.path.endsWith("manifest.json"))?.bytes)) as {
      layers: { size: number; digest: string }[];
    };
    Object.assign(manifest.layers[1] ?? {}, { size: other.length, digest: digestOf(other) });
    const forged = members.map((one) =>
      one.path.endsWith("manifest.json") ? { ...one, bytes: Buffer.from(JSON.stringify(manifest)) } : one,
    );
    forged.push({ path: `.ddiff-image/blobs/${digestOf(other)}.tar`, bytes: other });
    const request = {
      bundle: await write(forged),
      to: `oci:${shop.path("lie")}`,
      bases: [base],
      context: shop.context,
    };
    await expect(loadBundle(request)).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
    expect(existsSync(shop.path("lie"))).toBe(false);
  });
});
