import { expect, it } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { silent } from "../util/progress.ts";
import { bufferBytes } from "../util/random-bytes.ts";
import type { PatchedLayer } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { planRebuild } from "./rebuild-plan.ts";
import { forgePatch, packedColumn, rawColumn, varints } from "./testing/forge.ts";

const noPatch = Buffer.from("ddiffLP1\x02\0\0", "latin1");
/** A patch of so many entries, each with a partner of its own in base layer `base`. */
function greedy(base: number, entries: number): Buffer {
  const ops = Buffer.alloc(entries, 1);
  ops[0] = 2;
  return forgePatch(noPatch, (parts) => {
    const columns = Array.from({ length: 25 }, () => rawColumn([]));
    columns.splice(0, 2, packedColumn(ops), rawColumn(varints(2 * base, 0)));
    parts.segments = [columns];
  });
}

function bundleOf(patches: readonly Buffer[]): Bundle {
  const layers = patches.map((bytes, base): PatchedLayer => {
    const patch = { mediaType: "a/patch", digest: digestOf(bytes), size: bytes.length };
    const bounds = { size: 2 ** 31, bases: [base], copies: [] };
    return { from: "patch", diffId: patch.digest, patch, ...bounds };
  });
  const base = { names: [], layers: [] };
  return {
    config: { version: 1, targets: [], documents: [], referrers: [], layers, blobs: [], base },
    size: 0,
    blob: ({ digest }) => bufferBytes(patches.find((bytes) => digestOf(bytes) === digest) ?? noPatch),
  };
}

it("wants no more entries of a base than the memory holds, from however many layers", async () => {
  const context = { env: {}, tempDir: "/nowhere", insecure: false, progress: silent };
  const patches = [greedy(0, 2 ** 22), greedy(1, 2 ** 22), greedy(2, 100)];
  await expect(planRebuild(bundleOf(patches), false, context)).rejects.toMatchObject({
    code: "BUNDLE_INVALID",
    message: "the bundle is damaged: it refers to more than 8388608 entries of its base",
  });
}, 120_000);
