import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { keys } from "./keys.ts";
import { codesOf, makeManifest, pushManifest, type Running, startRegistry } from "./testing/start.ts";

let registry: Running;
let slowGet: (() => Promise<void>) | undefined;
let gets = 0;
beforeEach(async () => {
  slowGet = undefined;
  registry = await startRegistry({
    wrap: (store): Store => ({
      ...store,
      async get(key) {
        gets += 1;
        const stored = await store.get(key);
        await slowGet?.();
        return stored;
      },
    }),
  });
});
afterEach(() => registry.close());

const status = async (path: string): Promise<number> => (await registry.call("GET", path)).status;

describe("what the registry remembers", () => {
  test("spares the store: a thousand pulls of a tag read it a few times", async () => {
    await pushManifest(registry, "a", "v", await makeManifest(registry, "a"));
    await status("/v2/a/manifests/v");
    gets = 0;
    const start = performance.now();
    for (let count = 0; count < 1000; count += 1) await status("/v2/a/manifests/v");
    const seconds = (performance.now() - start) / 1000;
    expect(gets).toBeLessThanOrEqual(2 * Math.ceil(seconds) + 2);
  });

  test("gives way to what others do to the store, within a second or so", async () => {
    const bytes = await makeManifest(registry, "a");
    await pushManifest(registry, "a", "v", bytes);
    expect(await status("/v2/a/manifests/v")).toBe(200);
    await registry.store.delete(keys.tag("a", "v"));
    await sleep(1300);
    expect(await status("/v2/a/manifests/v")).toBe(404);
    expect(await status(`/v2/a/manifests/${digestOf(bytes)}`)).toBe(200);
    await registry.store.delete(keys.manifest("a", digestOf(bytes)));
    await sleep(1300);
    expect(await status(`/v2/a/manifests/${digestOf(bytes)}`)).toBe(404);
  });

  test("is never what a read found that a push or a delete overtook", async () => {
    const first = await makeManifest(registry, "a", { annotations: { n: "1" } });
    const second = await makeManifest(registry, "a", { annotations: { n: "2" } });
    await pushManifest(registry, "a", "v", first);
    await sleep(1100);
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    slowGet = () => held;
    const overtaken = registry.call("GET", "/v2/a/manifests/v");
    await sleep(50);
    slowGet = undefined;
    await pushManifest(registry, "a", "v", second);
    release?.();
    await overtaken;
    expect((await registry.call("GET", "/v2/a/manifests/v")).body.equals(second)).toBe(true);
  });
});

/** Writes over a blob where the store keeps it. */
async function damage(name: string, text: string): Promise<void> {
  const folder = registry.store.label;
  const paths = await readdir(folder, { recursive: true });
  const path = paths.find((one) => one.startsWith("blobs") && one.endsWith(name));
  if (path === undefined) throw new Error(`no ${name} in ${paths.join()}`);
  await writeFile(join(folder, path), text);
}

describe("what is damaged on the disk", () => {
  test("is no manifest for anyone, and is whole again when it is pushed again", async () => {
    const bytes = await makeManifest(registry, "a");
    const digest = digestOf(bytes);
    await pushManifest(registry, "a", "v", bytes);
    await registry.restart();
    await damage(digest.slice(7), bytes.toString().replace("layers", "lawyer"));
    const reply = await registry.call("GET", "/v2/a/manifests/v");
    expect([reply.status, codesOf(reply)]).toEqual([500, ["UNKNOWN"]]);
    expect((await pushManifest(registry, "a", "v", bytes)).status).toBe(201);
    expect((await registry.call("GET", "/v2/a/manifests/v")).body.equals(bytes)).toBe(true);
    await registry.restart();
    expect((await registry.call("GET", "/v2/a/manifests/v")).body.equals(bytes)).toBe(true);
  });

  test("is a failure of ours where it is a record, and not that there is none", async () => {
    await pushManifest(registry, "a", "broken-tag", await makeManifest(registry, "a"));
    await registry.restart();
    for (const text of ["{", "[]", "null", '{"digest":"x"}']) {
      await registry.store.put(keys.tag("a", "broken-tag"), Buffer.from(text));
      expect(await status("/v2/a/manifests/broken-tag")).toBe(500);
    }
    expect((await registry.call("DELETE", "/v2/a/manifests/broken-tag")).status).toBe(202);
    expect((await pushManifest(registry, "a", "broken-tag", await makeManifest(registry, "a"))).status).toBe(
      201,
    );
    expect(await status("/v2/a/manifests/broken-tag")).toBe(200);
  });

  test("can be deleted and pushed anew, where it is a manifest's record", async () => {
    const bytes = await makeManifest(registry, "a");
    const digest = digestOf(bytes);
    for (const method of ["DELETE", "PUT"]) {
      await pushManifest(registry, "a", "v", bytes);
      await registry.store.put(keys.manifest("a", digest), Buffer.from("{"));
      await registry.restart();
      expect(await status("/v2/a/manifests/v")).toBe(500);
      if (method === "DELETE") {
        expect((await registry.call("DELETE", `/v2/a/manifests/${digest}`)).status).toBe(202);
        expect(await status("/v2/a/manifests/v")).toBe(404);
      }
    }
    expect((await pushManifest(registry, "a", "v", bytes)).status).toBe(201);
    expect((await registry.call("GET", "/v2/a/manifests/v")).body.equals(bytes)).toBe(true);
  });
});
