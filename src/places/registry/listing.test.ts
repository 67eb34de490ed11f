import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { deleteImage, listRepositories, listTags, registryPlace } from "../registry.ts";
import { MemoryStore } from "../testing/memory.ts";
import { nextLink } from "./paging.ts";
import { type FakeRegistry, sendJson, startFakeRegistry } from "./testing/fake-registry.ts";
import { context, fill, quick } from "./testing/fixtures.ts";

let fake: FakeRegistry;
beforeEach(async () => {
  fake = await startFakeRegistry();
});
afterEach(() => fake.stop());

const tags = (): Promise<string[]> => listTags(`//${fake.host}/app`, context(), quick);

describe("a list of tags", () => {
  it("is read page by page and sorted", async () => {
    fake.intercept = (_request, response, seen) => {
      const url = new URL(seen.url, "http://fake");
      if (url.pathname !== "/v2/app/tags/list") return false;
      const last = url.searchParams.get("last");
      if (last === "c") return sendJson(response, 200, { name: "app", tags: ["a"] });
      const link = `</v2/app/tags/list?n=2&last=c>; rel="next"`;
      return sendJson(response, 200, { name: "app", tags: ["b", "c"] }, { link });
    };
    expect(await tags()).toEqual(["a", "b", "c"]);
  });

  it("of nothing is empty, also as Go writes it", async () => {
    fake.intercept = (_request, response, seen) =>
      seen.url.includes("/tags/") && sendJson(response, 200, { name: "app", tags: null });
    expect(await tags()).toEqual([]);
  });

  it.each([
    ["in a circle", () => `</v2/app/tags/list?n=1000>; rel="next"`],
    ["to another host", () => `<http://elsewhere.invalid/v2/app/tags/list?n=2>; rel="next"`],
  ])("whose pages lead %s is refused", async (_name, link) => {
    fake.intercept = (_request, response, seen) =>
      seen.url.includes("/tags/") && sendJson(response, 200, { tags: ["a"] }, { link: link() });
    await expect(tags()).rejects.toMatchObject({ code: "REGISTRY_MISBEHAVES" });
    expect(fake.requests.length).toBeLessThan(5);
  });

  it("never has a name that no tag can have", async () => {
    fake.intercept = (_request, response, seen) =>
      seen.url.includes("/tags/") &&
      sendJson(response, 200, { tags: ["ok", "\u001b[2J", "a b", "x".repeat(600)] });
    expect(await tags()).toEqual(["ok"]);
  });

  it.each([[{ tags: "a" }], [{ tags: [1] }]])("that is none (%j) is refused", async (answer) => {
    fake.intercept = (_request, response, seen) =>
      seen.url.includes("/tags/") && sendJson(response, 200, answer);
    await expect(tags()).rejects.toMatchObject({ code: "REGISTRY_MISBEHAVES" });
  });

  it("of a repository that is not there says so", async () => {
    await expect(tags()).rejects.toMatchObject({
      code: "IMAGE_MISSING",
      message: `${fake.host} has no repository app`,
    });
  });
});

it("lists repositories of a host, and takes no image name for one", async () => {
  fake.intercept = (_request, response, seen) =>
    seen.url.startsWith("/v2/_catalog") && sendJson(response, 200, { repositories: ["b/c", "a"] });
  expect(await listRepositories(`//${fake.host}`, context(), quick)).toEqual(["a", "b/c"]);
  await expect(listRepositories(`//${fake.host}/app`, context(), quick)).rejects.toMatchObject({
    code: "REFERENCE_INVALID",
  });
  await expect(listRepositories("//app", context(), quick)).rejects.toMatchObject({
    code: "REFERENCE_INVALID",
  });
});

it.each([
  ['</v2/x?last=a>; rel="next"', "/v2/x?last=a"],
  ["<x>; rel=next", "x"],
  ['<a>; rel="prev", <b>; title="t"; rel="next"', "b"],
  ['<a>; rel="nextish"', undefined],
  ["", undefined],
])("finds the next page in %s", (link, expected) => {
  expect(nextLink(link)).toBe(expected);
});

describe("referrers", () => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["one"]);
  const first = store.referrer(root, "first");
  const second = store.referrer(root, "second");
  const referrers = async (): Promise<string[]> => {
    const source = await registryPlace(`//${fake.host}/app:1`, context(), quick).source();
    return (await source.referrers(root.digest)).map((descriptor) => descriptor.digest);
  };
  const type = { "content-type": mediaTypes.ociIndex };

  it("are read page by page", async () => {
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/referrers/")) return false;
      const more = seen.url.includes("page=2");
      const link = { link: `<${seen.url}?page=2>; rel="next"` };
      const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [more ? second : first] };
      return sendJson(response, 200, index, more ? type : { ...type, ...link });
    };
    expect(await referrers()).toEqual([first.digest, second.digest]);
  });

  it("are refused in pages that never end", async () => {
    let page = 0;
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/referrers/")) return false;
      const many = Array.from({ length: 1000 }, () => ({
        ...first,
        digest: digestOf(Buffer.from(`${page++}`)),
      }));
      const link = `</v2/app/referrers/${root.digest}?page=${page}>; rel="next"`;
      return sendJson(response, 200, { schemaVersion: 2, manifests: many }, { ...type, link });
    };
    await expect(referrers()).rejects.toMatchObject({ code: "TOO_LARGE" });
  });

  it("are looked up by tag where a web page answers everything with 200", async () => {
    const list = store.index([first]);
    fill(fake, store, list, root.digest.replace(":", "-"));
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/referrers/")) return false;
      response.writeHead(200, { "content-type": "text/html" }).end("<html>");
      return true;
    };
    expect(await referrers()).toEqual([first.digest]);
  });

  it("are none where there is neither", async () => {
    expect(await referrers()).toEqual([]);
  });
});

const remove = (name: string): Promise<unknown> => deleteImage(`//${fake.host}/${name}`, context(), quick);

const deleted = (): string[] => fake.lines().filter((line) => line.startsWith("DELETE "));

describe("a deletion", () => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["one"]);
  const listing = (names: string[]): void => {
    fake.intercept = (_request, response, seen) =>
      seen.url.includes("/tags/list") && sendJson(response, 200, { tags: names });
    for (const name of names) fill(fake, store, root, name);
  };

  it("goes by digest where no other tag names the image", async () => {
    listing(["1"]);
    expect(await remove("app:1")).toEqual({ digest: root.digest, manifest: true });
    expect(deleted()).toEqual([`DELETE /v2/app/manifests/${root.digest}`]);
  });

  it("takes the tag alone where others name the image", async () => {
    listing(["1", "latest"]);
    expect(await remove("app:1")).toEqual({ digest: root.digest, manifest: false });
    expect(deleted()).toEqual(["DELETE /v2/app/manifests/1"]);
    expect(fake.manifests.has("latest")).toBe(true);
  });

  it("by digest takes what was named", async () => {
    listing(["1", "latest"]);
    expect(await remove(`app@${root.digest}`)).toEqual({ digest: root.digest, manifest: true });
  });
});
