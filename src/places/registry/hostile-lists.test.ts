import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listTags } from "../registry.ts";
import { type FakeRegistry, sendJson, startFakeRegistry } from "./testing/fake-registry.ts";
import { context, quick } from "./testing/fixtures.ts";

let fake: FakeRegistry;
beforeEach(async () => {
  fake = await startFakeRegistry();
});
afterEach(() => fake.stop());

const tags = (): Promise<string[]> => listTags(`//${fake.host}/app`, context(), quick);

/** Answers pages for ever, each with a link to another one and with the names that `namesOf` makes for it. */
function pagesForEver(namesOf: (page: number) => string[]): void {
  let page = 0;
  fake.intercept = (_request, response, seen) => {
    if (!seen.url.includes("/tags/")) return false;
    page += 1;
    const link = `</v2/app/tags/list?n=1000&last=${page}>; rel="next"`;
    return sendJson(response, 200, { name: "app", tags: namesOf(page) }, { link });
  };
}

describe("a list of tags without end is given up", () => {
  it("where it has ten million names", { timeout: 120_000 }, async () => {
    pagesForEver((page) => Array.from({ length: 100_000 }, (_, at) => `v${page}-${at}`));
    await expect(tags()).rejects.toMatchObject({ code: "TOO_LARGE" });
    // Far from all of them were fetched.
    expect(fake.requests.length).toBeLessThan(20);
  });

  it("where its pages have nothing new, or nothing at all", { timeout: 120_000 }, async () => {
    pagesForEver((page) => (page % 2 === 0 ? [] : ["same"]));
    await expect(tags()).rejects.toMatchObject({ code: "REGISTRY_MISBEHAVES" });
    expect(fake.requests.length).toBeLessThanOrEqual(10_010);
  });

  it("where one page has no end", async () => {
    let sent = 0;
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/tags/")) return false;
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"tags":["');
      const more = (): void => {
        let goesOn = true;
        while (goesOn && !response.destroyed) {
          sent += 65_536;
          goesOn = response.write("a".repeat(65_536));
        }
        if (!response.destroyed) response.once("drain", more);
      };
      more();
      return true;
    };
    await expect(tags()).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(sent).toBeLessThan(100 * 1024 * 1024);
  });
});
