import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../store.ts";
import { blobContract } from "./blob-contract.ts";

/** A store that is empty at first, as a test of the contract needs it. */
export interface StoreUnderTest {
  store: Store;
  /** Closes the store and opens another one on the same content, as a restart does. */
  reopen(): Promise<Store>;
  /** Closes whatever is open and removes the content. */
  dispose(): Promise<void>;
}

/** What each store must do; registers the tests under `name`. `tick` is how exact its times are, in milliseconds. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>, tick = 1100): void {
  describe(name, () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(async () => {
      await under.dispose();
    });

    describe("objects", () => {
      it("are read as they were written, also after a restart", async () => {
        const bytes = randomBytes(1000);
        expect(await store.get("tags/app/1")).toBeUndefined();
        expect(await store.stat("tags/app/1")).toBeUndefined();
        const before = Date.now();
        const version = await store.put("tags/app/1", bytes);
        expect(await store.get("tags/app/1")).toEqual({ bytes, version });
        expect(await store.stat("tags/app/1")).toMatchObject({ size: 1000 });
        expect((await store.stat("tags/app/1"))?.modified).toBeGreaterThan(before - tick);
        store = await under.reopen();
        expect(await store.get("tags/app/1")).toEqual({ bytes, version });
      });

      it("may be empty or have 8 MiB", async () => {
        for (const bytes of [Buffer.alloc(0), randomBytes(8 * 1024 * 1024)]) {
          await store.put("links/app/x", bytes);
          store = await under.reopen();
          expect((await store.get("links/app/x"))?.bytes.equals(bytes)).toBe(true);
        }
      });

      it("may have keys of six segments and segments of 255 bytes", async () => {
        const long = "x".repeat(255);
        for (const key of ["a/b/c/d/e/f", `tags/${long}/${long}`]) {
          await store.put(key, Buffer.from("deep"));
          expect((await store.get(key))?.bytes.toString()).toBe("deep");
          const slash = key.lastIndexOf("/");
          expect(await store.list(key.slice(0, slash))).toEqual([key.slice(slash + 1)]);
          expect(await store.delete(key)).toBe(true);
        }
      });

      it("that are prefixes of others are no objects", async () => {
        await store.put("tags/app/1", Buffer.from("x"));
        expect(await store.get("tags/app")).toBeUndefined();
        expect(await store.stat("tags/app")).toBeUndefined();
        expect(await store.touch("tags/app")).toBe(false);
        expect(await store.delete("tags/app")).toBe(false);
        expect(await store.deleteIdle("tags/app", Date.now() + 10 * tick)).toBe(false);
        expect(await store.get("tags/app/1/2")).toBeUndefined();
        expect(await store.list("tags/app/1")).toEqual([]);
      });

      it("are replaced only as the condition says", async () => {
        const first = await store.put("a/b", Buffer.from("1"), { absent: true });
        await expect(store.put("a/b", Buffer.from("2"), { absent: true })).rejects.toMatchObject({
          code: "STORE_CONFLICT",
        });
        const second = await store.put("a/b", Buffer.from("2"), { version: first });
        expect(second).not.toBe(first);
        for (const work of [
          () => store.put("a/b", Buffer.from("3"), { version: first }),
          () => store.delete("a/b", { version: first }),
          () => store.put("a/none", Buffer.from("3"), { version: first }),
        ]) {
          await expect(work()).rejects.toMatchObject({ code: "STORE_CONFLICT" });
        }
        expect((await store.get("a/b"))?.bytes.toString()).toBe("2");
        expect(await store.delete("a/b", { version: second })).toBe(true);
        expect(await store.delete("a/b")).toBe(false);
        await store.put("a/b", Buffer.from("4"), { absent: true });
      });

      it("lose no update of writers at once that each build on what they read", async () => {
        await store.put("a/count", Buffer.from("0"));
        let conflicts = 0;
        const increment = async (): Promise<void> => {
          for (;;) {
            const { bytes, version } = (await store.get("a/count")) ?? {
              bytes: Buffer.from("0"),
              version: "",
            };
            try {
              await store.put("a/count", Buffer.from(String(Number(bytes) + 1)), { version });
              return;
            } catch (error) {
              if ((error as { code?: string }).code !== "STORE_CONFLICT") throw error;
              conflicts++;
            }
          }
        };
        await Promise.all(Array.from({ length: 12 }, increment));
        expect((await store.get("a/count"))?.bytes.toString()).toBe("12");
        expect(conflicts).toBeGreaterThan(0);
      });

      it("are made by one of many who want them absent", async () => {
        const tries = Array.from({ length: 12 }, (_, i) =>
          store.put("a/one", Buffer.from(`writer ${i}`), { absent: true }).then(
            () => i,
            () => undefined,
          ),
        );
        const winners = (await Promise.all(tries)).filter((i) => i !== undefined);
        expect(winners).toHaveLength(1);
        expect((await store.get("a/one"))?.bytes.toString()).toBe(`writer ${winners[0]}`);
      });

      it("are never seen in part while they are replaced", async () => {
        const contents = [Buffer.alloc(200_000, 1), Buffer.alloc(300_000, 2)];
        await store.put("a/big", contents[0] as Buffer);
        const reads: boolean[] = [];
        const reader = setInterval(async () => {
          const bytes = (await store.get("a/big"))?.bytes;
          reads.push(contents.some((content) => bytes?.equals(content)));
        }, 1);
        try {
          for (let i = 0; i < 30; i++) await store.put("a/big", contents[i % 2] as Buffer);
          await sleep(20);
        } finally {
          clearInterval(reader);
        }
        expect(reads.length).toBeGreaterThan(0);
        expect(reads).not.toContain(false);
      });

      it("grow younger when they are touched or written again", async () => {
        await store.put("a/b", Buffer.from("same"));
        const { modified: made } = (await store.stat("a/b")) ?? { modified: 0 };
        await sleep(tick);
        expect(await store.touch("a/b")).toBe(true);
        const { modified: touched } = (await store.stat("a/b")) ?? { modified: 0 };
        expect(touched).toBeGreaterThan(made);
        await sleep(tick);
        await store.put("a/b", Buffer.from("same"));
        expect((await store.stat("a/b"))?.modified).toBeGreaterThan(touched);
        expect((await store.get("a/b"))?.bytes.toString()).toBe("same");
        expect(await store.touch("a/none")).toBe(false);
      });

      it("are deleted as idle only when nobody touched them since", async () => {
        await store.put("a/b", Buffer.from("x"));
        const { modified } = (await store.stat("a/b")) ?? { modified: 0 };
        expect(await store.deleteIdle("a/b", modified)).toBe(false);
        await sleep(tick);
        const since = Date.now();
        await sleep(tick);
        await store.touch("a/b");
        expect(await store.deleteIdle("a/b", since)).toBe(false);
        expect((await store.get("a/b"))?.bytes.toString()).toBe("x");
        expect(await store.deleteIdle("a/b", Date.now() + 2 * tick)).toBe(true);
        expect(await store.get("a/b")).toBeUndefined();
        expect(await store.deleteIdle("a/b", Date.now() + 2 * tick)).toBe(false);
      });
    });

    describe("lists", () => {
      it("have the next segments in byte order, page by page", async () => {
        const names = ["10", "9", "A", "_x", "a", "a-b", "a.b", "v1", "v10", "v2", "~z"];
        for (const name of names) await store.put(`tags/app/${name}`, Buffer.from("x"));
        await store.put("tags/app2/elsewhere", Buffer.from("x"));
        await store.put("tags/other~app/deep", Buffer.from("x"));
        const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(await store.list("tags/app")).toEqual(sorted);
        expect(await store.list("tags")).toEqual(["app", "app2", "other~app"]);
        const paged: string[] = [];
        for (;;) {
          const after = paged.at(-1);
          const page = await store.list("tags/app", { limit: 3, ...(after === undefined ? {} : { after }) });
          expect(page.length).toBeLessThanOrEqual(3);
          if (page.length === 0) break;
          paged.push(...page);
        }
        expect(paged).toEqual(sorted);
        expect(await store.list("tags/app", { after: "a-a", limit: 2 })).toEqual(["a-b", "a.b"]);
        expect(await store.list("tags/app", { after: "~~" })).toEqual([]);
        expect(await store.list("tags/nobody")).toEqual([]);
      });

      it("show what was written and deleted since they were read", async () => {
        await store.put("tags/app/b", Buffer.from("x"));
        expect(await store.list("tags/app")).toEqual(["b"]);
        await store.put("tags/app/a", Buffer.from("x"));
        await store.put("tags/app/c", Buffer.from("x"));
        await store.put("tags/new/a", Buffer.from("x"));
        expect(await store.list("tags/app")).toEqual(["a", "b", "c"]);
        expect(await store.list("tags")).toEqual(["app", "new"]);
        await store.delete("tags/app/b");
        await store.delete("tags/new/a");
        expect(await store.list("tags/app")).toEqual(["a", "c"]);
        expect(await store.list("tags")).toEqual(["app"]);
        expect(await store.list("tags/new")).toEqual([]);
        store = await under.reopen();
        expect(await store.list("tags")).toEqual(["app"]);
        expect(await store.list("tags/app")).toEqual(["a", "c"]);
      });

      it("are right whatever many writers and deleters did at once", async () => {
        const there = new Set<string>();
        await Promise.all(
          Array.from({ length: 8 }, async (_, worker) => {
            for (let i = 0; i < 10; i++) {
              const key = `x${worker % 3}/r${(worker + i) % 2}/${worker}-${i % 4}`;
              if (there.has(key)) {
                there.delete(key);
                await store.delete(key);
              } else {
                there.add(key);
                await store.put(key, Buffer.from("x"));
              }
              if (i % 3 === 0) await store.list(`x${worker % 3}`);
            }
          }),
        );
        const listed: string[] = [];
        for (const top of ["x0", "x1", "x2"]) {
          for (const repository of await store.list(top)) {
            for (const name of await store.list(`${top}/${repository}`)) {
              listed.push(`${top}/${repository}/${name}`);
            }
          }
        }
        expect(listed.sort()).toEqual([...there].sort());
      });
    });

    describe("keys", () => {
      const segment = fc.stringMatching(/^[A-Za-z0-9._+=~-]{1,40}$/).filter((s) => s !== "." && s !== "..");
      const spoiled = fc.constantFrom(
        "..",
        ".",
        "",
        "a\0",
        "a\\b",
        "%2e%2e",
        "a b",
        "é",
        "a:b",
        "\n",
        "x".repeat(256),
        "a?b",
        "a*",
        "~/..",
        "/",
      );

      it("of other characters or shapes are refused by every method", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(segment, { maxLength: 3 }),
            fc.oneof(
              spoiled,
              fc.string({ unit: "binary" }).filter((s) => !/^[A-Za-z0-9._+=~/-]*$/.test(s)),
            ),
            fc.array(segment, { maxLength: 2 }),
            async (before, bad, after) => {
              const key = [...before, bad, ...after].join("/");
              for (const work of [
                () => store.get(key),
                () => store.stat(key),
                () => store.list(key),
                () => store.put(key, Buffer.from("x")),
                () => store.touch(key),
                () => store.delete(key),
                () => store.deleteIdle(key, 0),
              ]) {
                await expect(work()).rejects.toMatchObject({ code: "STORE_KEY_INVALID" });
              }
            },
          ),
          { numRuns: 60 },
        );
        await expect(store.get("a/b/c/d/e/f/g")).rejects.toMatchObject({ code: "STORE_KEY_INVALID" });
      });

      it("that are allowed keep their objects apart", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.uniqueArray(fc.tuple(segment, segment), { maxLength: 5, selector: (pair) => pair.join("/") }),
            async (pairs) => {
              const root = `p${randomBytes(6).toString("hex")}`;
              for (const pair of pairs)
                await store.put(`${root}/${pair.join("/")}`, Buffer.from(pair.join("/")));
              for (const pair of pairs) {
                const found = await store.get(`${root}/${pair.join("/")}`);
                expect(found?.bytes.toString()).toBe(pair.join("/"));
              }
            },
          ),
          { numRuns: 15 },
        );
      });
    });

    blobContract(() => under, tick);
  });
}
