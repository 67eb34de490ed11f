import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { bundleTypes } from "./bundle-config.ts";
import { type Forge, openForge, treeSpec } from "./testing/hostile.ts";
import { block, makeTar, type TarSpec } from "./testing/tars.ts";

let forge: Forge;
beforeAll(async () => {
  forge = await openForge();
});
afterAll(() => forge.close());

/** The bundle with one more blob that its manifest names and its config does not. */
const withBlob = (mediaType: string, bytes: Buffer) =>
  forge.forged(({ blobs }) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    blobs.set(descriptor.digest, { descriptor, bytes });
  });

describe("a bundle with odd members", () => {
  it("is refused when they stand in another order, twice, or not at all", async () => {
    const all = await forge.members();
    expect(all.length).toBeGreaterThan(5);
    for (let i = 1; i < all.length; i++) {
      const swapped = [...all];
      [swapped[i - 1], swapped[i]] = [all[i] as TarSpec, all[i - 1] as TarSpec];
      await forge.expectRefused(makeTar(swapped), /damaged: .*(?:stands where|does not begin)/);
      await forge.expectRefused(
        makeTar([...all.slice(0, i), ...all.slice(i + 1)]),
        /damaged: .*(?:stands where|ends after \d+ of its)/,
      );
    }
    await forge.expectRefused(makeTar([...all, all.at(-1) as TarSpec]), /is more than it says it holds/);
  });

  it("is refused for paths that lead out, links, folders and strangers", async () => {
    const all = await forge.members();
    const bytes = Buffer.from("x");
    const strangers: TarSpec[] = [
      { path: "../../etc/passwd", bytes },
      { path: "/etc/passwd", bytes },
      { path: "blobs/sha256/../../x", bytes },
      { path: "link", flag: "2", linkPath: "/etc/passwd" },
      { path: "link", flag: "1", linkPath: "../secret" },
      { path: "blobs/", flag: "5" },
      { path: "null", flag: "3", device: [1, 3] },
      { path: "README", bytes },
    ];
    for (const stranger of strangers) {
      await forge.expectRefused(makeTar([...all, stranger]), /is not a file|more than it says/);
      await forge.expectRefused(
        makeTar([...all.slice(0, 4), stranger, ...all.slice(4)]),
        /is not a file|stands where/,
      );
      await forge.expectRefused(makeTar([stranger, ...all]), /is not a file|does not begin/);
    }
    await forge.expectRefused(
      makeTar(all, { trailing: Buffer.from("more") }),
      /bytes where there should be none/,
    );
    await forge.expectRefused(
      makeTar(all.map((one, i) => (i === 2 ? { ...one, padding: 1 } : one))),
      /where there should be none/,
    );
  });

  it("is refused when a member's size lies", async () => {
    const all = await forge.members();
    for (const size of [0, 1, 2 ** 33 - 1]) {
      const lying = Buffer.concat([
        makeTar(all.slice(0, 4), { blocks: 0 }),
        block(all[4] as TarSpec, size),
        all[4]?.bytes ?? Buffer.alloc(0),
      ]);
      await forge.expectRefused(
        lying,
        /ends in the middle|bytes instead of|is invalid|should be none|stands where/,
      );
    }
  });

  it("is refused with two configs, or with more than its config names", async () => {
    const config = zstdCompressSync("{}");
    await forge.expectRefused(await withBlob(bundleTypes.config, config), /two configs/);
    await forge.expectRefused(
      await withBlob("text/plain", Buffer.from("payload")),
      /carries sha256:\w+, which its config does not name/,
    );
  });

  it("tells other files from bundles", async () => {
    await forge.expectRefused(Buffer.alloc(0), /damaged/);
    await forge.expectRefused(Buffer.alloc(10_240), /damaged/);
    await forge.expectRefused(Buffer.from("#!/bin/sh\necho hello\n"), /damaged/);
    await forge.expectRefused(makeTar(treeSpec(1)), /does not begin as a bundle/);
    const layout = makeTar([
      { path: "oci-layout", bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
      {
        path: "index.json",
        bytes: Buffer.from(
          JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }),
        ),
      },
    ]);
    await forge.expectRefused(layout, /OCI layout, but no ddiff bundle/);
  });
});
