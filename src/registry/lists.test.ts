import { beforeAll, describe, expect, test } from "vitest";
import { codesOf, makeManifest, pushBlob, pushManifest } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();
const tags = ["1.0", "A", "_x", "a", "a-b", "b", "latest"];
beforeAll(async () => {
  const bytes = await makeManifest(registry, "team/app");
  for (const tag of [...tags].reverse()) await pushManifest(registry, "team/app", tag, bytes);
  for (const name of ["b", "a/c", "a", "a/b/c"]) await pushBlob(registry, name, Buffer.from("x"));
});

interface Page {
  names: string[];
  link: string | undefined;
}

async function page(path: string): Promise<Page> {
  const reply = await registry.call("GET", path);
  expect(reply.status).toBe(200);
  const value = JSON.parse(reply.body.toString()) as {
    tags?: string[];
    repositories?: string[];
    name?: string;
  };
  const link = reply.headers.link;
  const next = typeof link === "string" ? /^<(\/v2\/[^>]*)>; rel="next"$/.exec(link)?.[1] : undefined;
  expect(next === undefined).toBe(link === undefined);
  return { names: value.tags ?? value.repositories ?? [], link: next };
}

/** All pages, followed by their links. */
async function all(path: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const one: Page = await page(next);
    pages.push(one.names);
    next = one.link;
    expect(pages.length).toBeLessThan(50);
  }
  return pages;
}

const list = "/v2/team/app/tags/list";

describe("tags", () => {
  test("come sorted and whole", async () => {
    const reply = await registry.call("GET", list);
    expect(JSON.parse(reply.body.toString())).toEqual({ name: "team/app", tags });
    expect(reply.headers["content-type"]).toBe("application/json");
  });

  test("come in pages that links lead through", async () => {
    expect(await all(`${list}?n=3`)).toEqual([tags.slice(0, 3), tags.slice(3, 6), tags.slice(6)]);
    expect(await all(`${list}?n=7`)).toEqual([tags]);
    expect((await all(`${list}?n=1`)).flat()).toEqual(tags);
  });

  test("come behind the last one, which need not be there", async () => {
    expect((await page(`${list}?last=a`)).names).toEqual(["a-b", "b", "latest"]);
    expect((await page(`${list}?last=a&n=1`)).names).toEqual(["a-b"]);
    expect((await page(`${list}?last=aa`)).names).toEqual(["b", "latest"]);
    expect((await page(`${list}?last=zzz`)).names).toEqual([]);
    expect((await page(`${list}?last=`)).names).toEqual(tags);
    expect((await page(`${list}?last=..%2f..%2fx`)).names).toEqual(tags);
    expect((await page(`${list}?last=${"z".repeat(5000)}`)).names).toEqual([]);
  });

  test("none where n is 0, without a link", async () => {
    expect(await page(`${list}?n=0`)).toEqual({ names: [], link: undefined });
  });

  test("all where n is larger than any number", async () => {
    expect(await page(`${list}?n=18446744073709551616`)).toEqual({ names: tags, link: undefined });
  });

  test("are refused where n counts nothing, or last is no text", async () => {
    for (const query of [
      "n=-1",
      "n=abc",
      "n=",
      "n=1.5",
      "n=0x10",
      `n=${"9".repeat(100)}`,
      "last=%00",
      "last=%ff",
    ]) {
      const reply = await registry.call("GET", `${list}?${query}`);
      expect([reply.status, codesOf(reply)]).toEqual([400, ["PAGINATION_NUMBER_INVALID"]]);
    }
  });

  test("are an empty list where a repository has none, and 404 where there is no repository", async () => {
    expect((await page("/v2/a/tags/list")).names).toEqual([]);
    const reply = await registry.call("GET", "/v2/nobody/tags/list");
    expect([reply.status, codesOf(reply)]).toEqual([404, ["NAME_UNKNOWN"]]);
    expect((await registry.call("GET", "/v2/nobody/tags/list?n=0")).status).toBe(404);
  });
});

describe("the catalog", () => {
  const names = ["a", "a/b/c", "a/c", "b", "team/app"];

  test("has every repository that something was pushed to", async () => {
    expect((await page("/v2/_catalog")).names.sort()).toEqual(names);
  });

  test("comes in pages that links lead through", async () => {
    for (const n of [1, 2, 4, 5]) {
      const pages = await all(`/v2/_catalog?n=${n}`);
      expect(pages.flat().sort()).toEqual(names);
      for (const one of pages.slice(0, -1)) expect(one.length).toBe(n);
    }
    expect(await page("/v2/_catalog?n=0")).toEqual({ names: [], link: undefined });
    expect((await registry.call("GET", "/v2/_catalog?n=-1")).status).toBe(400);
  });
});

test("a page of a long list costs the page, not the list", async () => {
  // Tags as a push leaves them, without the pushes.
  const record = (await registry.store.get("tags/team~app/latest"))?.bytes ?? Buffer.alloc(0);
  for (let at = 0; at < 3000; at += 1) {
    await registry.store.put(`tags/team~app/z${String(at).padStart(6, "0")}`, record);
  }
  const first = await page(`${list}?n=10&last=z001499`);
  expect(first.names).toHaveLength(10);
  expect(first.names[0]).toBe("z001500");
  expect((await all(`${list}?n=1000`)).flat()).toHaveLength(3000 + tags.length);
});
