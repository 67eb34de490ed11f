import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { makeTar, type TarSpec } from "../delta/testing/tars.ts";
import { digestOf } from "../oci/digest.ts";
import { readContents } from "./layer-contents.ts";
import { readLayer } from "./read-layer.ts";

/** More than one piece of a hash. */
const large = Buffer.alloc((2 << 20) + 17, "large ");
const members: TarSpec[] = [
  { path: "etc/empty" },
  { path: "etc/small", bytes: Buffer.from("small") },
  { path: "usr/large", bytes: large },
];

async function read(tar: Buffer, written: Buffer = tar): Promise<Map<string, Buffer>> {
  const inventory = await readLayer(digestOf(tar), Readable.from([tar]));
  const parts = new Map<string, Buffer[]>();
  await readContents(Readable.from([written]), inventory, new Set(inventory.entries), {
    data: ({ path }, bytes) =>
      void (parts.get(path) ?? parts.set(path, []).get(path))?.push(Buffer.from(bytes)),
    end: ({ path }) => void (parts.has(path) || parts.set(path, [])),
  });
  return new Map([...parts].map(([path, some]) => [path, Buffer.concat(some)]));
}

test("contents of every size are handed on whole", async () => {
  const found = await read(makeTar(members));
  expect(found.get("etc/empty")?.length).toBe(0);
  expect(found.get("etc/small")?.toString()).toBe("small");
  expect(found.get("usr/large")?.equals(large)).toBe(true);
});

test.each([["etc/small"], ["usr/large"]])("another content of %s is noticed", async (path) => {
  const other = members.map((one) =>
    one.path === path ? { ...one, bytes: Buffer.from(one.bytes ?? []).fill("x") } : one,
  );
  await expect(read(makeTar(members), makeTar(other))).rejects.toMatchObject({ code: "LAYER_CHANGED" });
});
