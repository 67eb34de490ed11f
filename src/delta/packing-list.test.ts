import { expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import type { LayerPacking } from "./bundle-config.ts";
import { PackingList } from "./packing-list.ts";

function packing(name: string, members: number): LayerPacking {
  const digest = digestOf(Buffer.from(name));
  const sizes = Array<number>(members).fill(12_345);
  const recipe = [{ encoder: "go1.8-level9", header: "", sizes }];
  return { diffId: digest, blob: { mediaType: "application/gzip", digest, size: 1 }, recipe };
}

test("layers of millions of members make no config that nobody reads, and the others keep their room", () => {
  const list = new PackingList();
  const added = ["a", "b", "c", "d", "e"].map((name) => list.add(packing(name, name === "e" ? 1 : 400_000)));
  expect(added).toEqual([true, true, false, false, true]);
  expect(JSON.stringify(list.all).length).toBeLessThan(8 << 20);
});
