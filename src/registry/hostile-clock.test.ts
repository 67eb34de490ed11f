import { readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { piecesOf } from "../store/testing/blobs.ts";
import { useTestStore } from "../store/testing/disk.ts";
import type { Store } from "../store/store.ts";
import { digestOf } from "../oci/digest.ts";
import { collect, type Found } from "./gc.ts";
import { findBlob, openRepositories } from "./repositories.ts";
import { pushImage, pushLayer, whatIsMissing } from "./testing/images.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** A clock that was set wrong by a century, a year, or a day, each way, and one that stood at its beginning. */
const jumps = [
  ["a day ahead", day],
  ["a year ahead", 365 * day],
  ["a century ahead", 36_500 * day],
  ["a day behind", -day],
  ["at its beginning", -Date.now()],
] as const;

let store: Store;
const under = useTestStore((opened) => {
  store = opened;
});

/** Gives every file and folder the time that a clock which is wrong by so much would have given it. */
async function written(jump: number): Promise<void> {
  for (const entry of await readdir(under.folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const time = Math.max(0, (await stat(path)).mtimeMs + jump) / 1000;
    await utimes(path, time, time);
  }
}

async function collected(grace: number): Promise<string[]> {
  const kinds: string[] = [];
  await collect(store, { grace, untagged: true, onFound: (found: Found) => kinds.push(found.kind) });
  return kinds.sort();
}

describe.each(jumps)("written under a clock that stood %s", (_what, jump) => {
  test("an image stays whole through a collection, and after a restart", async () => {
    await pushImage(store, "app", ["1"], [Buffer.from("a layer")]);
    await written(jump);
    await under.reopen();
    expect(await collected(hour)).toEqual([]);
    expect(await whatIsMissing(store, "app", "1")).toEqual([]);
  });

  test("what nobody needs goes once it is old, and not before", async () => {
    await pushLayer(store, "app", Buffer.from("left over"));
    await written(jump);
    const kinds = await collected(hour);
    expect(kinds).toEqual(jump > 0 ? [] : ["blob", "link", "repository"]);
  });

  test("what is asked for is as young as the clock says now", async () => {
    const bytes = Buffer.from("asked for");
    const digest = await pushLayer(store, "app", bytes);
    await written(jump);
    expect(await findBlob(openRepositories(store), "app", digest, { touch: true })).toBeDefined();
    expect(await collected(hour)).toEqual([]);
  });

  test("an upload goes on or is given up, and its bytes are the right ones", async () => {
    const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await upload.append(piecesOf(Buffer.from("first ")));
    await written(jump);
    const stale = await store.staleUploads(Date.now() - hour);
    expect(stale.length).toBe(jump > 0 ? 0 : 1);
    await upload.append(piecesOf(Buffer.from("second")));
    const digest = digestOf(Buffer.from("first second"));
    await upload.finish(digest);
    expect((await store.statBlob(digest))?.size).toBe(12);
    // It is as old as its end, by whatever clock.
    expect(Math.abs(((await store.statBlob(digest))?.modified ?? 0) - Date.now())).toBeLessThan(10_000);
  });
});
