import { readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { makeManifest, pushManifest } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const count = 100_000;
const registry = useRegistry();
beforeAll(async () => {
  await pushManifest(registry, "app", "first", await makeManifest(registry, "app"));
  // A hundred thousand tags as pushes leave them: their records are all the same.
  const folder = registry.store.label;
  const file = (await readdir(folder, { recursive: true })).find((path) => path.endsWith("/first"));
  const record = join(folder, file ?? "");
  const bytes = readFileSync(record);
  for (let at = 0; at < count; at += 1) {
    writeFileSync(join(dirname(record), `v${String(at).padStart(6, "0")}`), bytes);
  }
  await registry.restart();
}, 120_000);

async function page(query: string): Promise<{ tags: string[]; link: string | undefined }> {
  const reply = await registry.call("GET", `/v2/app/tags/list${query}`);
  expect(reply.status).toBe(200);
  const { tags } = JSON.parse(reply.body.toString()) as { tags: string[] };
  const { link } = reply.headers;
  return { tags, link: typeof link === "string" ? link : undefined };
}

test("a hundred thousand tags come in pages, each of which costs a page", async () => {
  const first = await page("");
  expect(first.tags.length).toBeLessThanOrEqual(10_000);
  expect(first.link).toBeDefined();
  const huge = await page("?n=18446744073709551616");
  expect(huge.tags.length).toBe(first.tags.length);
  const start = performance.now();
  for (let at = 0; at < 100; at += 1) {
    const name = `v${String(at * 997).padStart(6, "0")}`;
    const { tags } = await page(`?n=2&last=${name}`);
    expect(tags[0]).toBe(`v${String(at * 997 + 1).padStart(6, "0")}`);
  }
  expect(performance.now() - start).toBeLessThan(5000);
});

test("all of them are reached by the links, each once", async () => {
  const all: string[] = [];
  let query: string | undefined = "?n=10000";
  while (query !== undefined) {
    const { tags, link }: Awaited<ReturnType<typeof page>> = await page(query);
    all.push(...tags);
    query = link === undefined ? undefined : /\?[^>]*/.exec(link)?.[0];
  }
  expect(all).toHaveLength(count + 1);
  expect(new Set(all).size).toBe(count + 1);
});
