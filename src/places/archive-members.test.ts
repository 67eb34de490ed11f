import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import { openArchive } from "./archive-members.ts";
import { copyImage } from "./copy.ts";
import { dockerArchivePlace } from "./docker-archive.ts";
import { readAll } from "../codec/read-all.ts";
import { file, writeTar } from "./testing/archives.ts";
import { contextIn, newFolder, quiet } from "./testing/folders.ts";
import { MemoryStore } from "./testing/memory.ts";

it("every member of an archive is read as it was written, whatever their names and order", async () => {
  const folder = await newFolder();
  const path = join(folder, "a.tar");
  const part = fc.stringMatching(/^[a-zäß0-9_.-]{1,60}$/).filter((text) => !/^\.+$/.test(text));
  const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
  const members = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 1500 })), {
    selector: ([key]) => key,
  });
  await fc.assert(
    fc.asyncProperty(members, async (list) => {
      await writeTar(path, [
        file("first", ""),
        ...list.map(([key, bytes]) => file(`x/${key}`, Buffer.from(bytes))),
      ]);
      const files = await openArchive(path, folder);
      try {
        for (const [key, bytes] of list.toReversed()) {
          expect(await files.size(`x/${key}`)).toBe(bytes.length);
          expect(await readAll(await files.open(`x/${key}`), 2000, key)).toEqual(Buffer.from(bytes));
        }
      } finally {
        await files.close();
      }
    }),
    { numRuns: 60 },
  );
});

it("an archive with bytes changed, cut out or repeated gives the image it had, or an error in words", async () => {
  const folder = await newFolder();
  const path = join(folder, "a.tar");
  const context = contextIn(folder);
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["base layer", "top layer"]);
  await copyImage(store.source(root), await dockerArchivePlace(`${path}:app:1`, context).sink(), quiet);
  const good = await readFile(path);
  const read = async () => {
    const source = await dockerArchivePlace(path, context).source();
    try {
      const back = new MemoryStore();
      return (await copyImage(source, back.sink(), quiet)).digest;
    } finally {
      await source.close();
    }
  };
  const digest = await read();
  const spot = fc.nat(good.length - 1);
  const damage = fc.oneof(
    fc.tuple(fc.constant("change" as const), spot, fc.integer({ min: 1, max: 255 })),
    fc.tuple(fc.constant("cut" as const), spot, fc.integer({ min: 1, max: 2048 })),
    fc.tuple(fc.constant("repeat" as const), spot, fc.integer({ min: 1, max: 2048 })),
  );
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(damage, async ([kind, start, amount]) => {
      const bad = Buffer.from(good);
      if (kind === "change") bad[start] = (bad[start] ?? 0) ^ amount;
      const rest = kind === "cut" ? start + amount : Math.max(0, start - amount);
      await writeFile(
        path,
        kind === "change" ? bad : Buffer.concat([good.subarray(0, start), good.subarray(rest)]),
      );
      try {
        // A change outside of what counts (a time, padding) may pass, another image may not.
        expect(await read()).toBe(digest);
      } catch (error) {
        if (!isDdiffError(error)) throw error;
        refused++;
      }
    }),
    { numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(50);
});
