import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf, hexOf } from "../oci/digest.ts";
import { processMark } from "../util/process-mark.ts";
import { openDiskStore } from "./disk-store.ts";
import { makeNameLists } from "./name-lists.ts";
import type { Store } from "./store.ts";
import { piecesOf, pushBlob, readBlob } from "./testing/blobs.ts";

let parent = "";
let folder = "";

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "ddiff-store-"));
  folder = join(parent, "a", "store");
});
afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

/** A disk store that is closed when `work` ends. */
async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openDiskStore(folder);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const openFiles = async (): Promise<number> => (await readdir("/proc/self/fd")).length;

describe("the folder of a store", () => {
  it("is made, for its owner alone, and can be opened again", async () => {
    await withStore((store) => store.put("a/b", Buffer.from("x")));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await withStore(async (store) => expect((await store.get("a/b"))?.bytes.toString()).toBe("x"));
  });

  it("is refused to a second server, by the name of the first", async () => {
    await withStore(async () => {
      await expect(openDiskStore(folder)).rejects.toMatchObject({
        code: "STORE_LOCKED",
        message: expect.stringContaining(`process ${process.pid}`),
      });
    });
    await withStore(async () => {});
  });

  it("is given to one of many who want it at once", async () => {
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => openDiskStore(folder)));
    const stores = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(stores).toHaveLength(1);
    for (const one of tries)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "STORE_LOCKED" });
    await stores[0]?.close();
    expect((await readdir(folder)).filter((name) => name.includes("lock"))).toEqual([]);
  });

  it("is taken over from a server that was killed, with what it left half done", async () => {
    const module = JSON.stringify(new URL("disk-store.ts", import.meta.url).pathname);
    const script = `import { openDiskStore } from ${module};
      await openDiskStore(process.argv[1]); console.log("open"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(openDiskStore(folder)).rejects.toMatchObject({
      code: "STORE_LOCKED",
      message: expect.stringContaining(String(child.pid)),
    });
    await writeFile(join(folder, "temporary", "7"), "half");
    child.kill("SIGKILL");
    await once(child, "exit");
    await withStore(async () => expect(await readdir(join(folder, "temporary"))).toEqual([]));
  });

  it("is taken over from a server in a container that is gone, a minute later", async () => {
    await withStore(async () => {});
    const mark = processMark().replace(/^(\d+-\d+)-[0-9a-z]+-/, "$1-elsewhere-");
    const holder = join(folder, "lock", mark);
    await mkdir(join(folder, "lock"));
    await writeFile(holder, "");
    await expect(openDiskStore(folder)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    const before = new Date(Date.now() - 61_000);
    await utimes(holder, before, before);
    await withStore(async () => {});
  });

  it("of a newer ddiff is left alone", async () => {
    await withStore(async () => {});
    await writeFile(join(folder, "ddiff-store.json"), '{"version":2}\n');
    await expect(openDiskStore(folder)).rejects.toMatchObject({ code: "STORE_FORMAT" });
    expect(await readFile(join(folder, "ddiff-store.json"), "utf8")).toBe('{"version":2}\n');
  });

  it("that is a file is refused", async () => {
    await writeFile(join(parent, "a"), "x");
    await expect(openDiskStore(folder)).rejects.toThrow();
  });
});

describe("a disk store", () => {
  it("heals a blob that was cut short when it is pushed again", async () => {
    await withStore(async (store) => {
      const bytes = randomBytes(100_000);
      const digest = await pushBlob(store, bytes);
      await truncate(join(folder, "blobs", "sha256", hexOf(digest).slice(0, 2), hexOf(digest)), 50_000);
      await pushBlob(store, bytes);
      expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
    });
  });

  it("leaves no file open, however its requests end", async () => {
    await withStore(async (store) => {
      const big = randomBytes(2_000_000);
      const digest = await pushBlob(store, big);
      const before = await openFiles();
      async function* broken(): AsyncGenerator<Buffer, void, void> {
        yield big;
        throw new Error("the line is cut");
      }
      for (let i = 0; i < 20; i++) {
        (await store.openBlob(digest)).destroy();
        await readBlob(store, digest);
        await readBlob(store, digest, { start: 10, end: 20 });
        await store.openBlob(digestOf(Buffer.from("none"))).catch(() => {});
        const upload = await store.createUpload({ repository: "a", digestAlgorithm: "sha256" });
        await upload.append(broken()).catch(() => {});
        await upload.append(piecesOf(big), 10).catch(() => {});
        await upload.finish(digestOf(Buffer.from("none"))).catch(() => {});
        await store.put("a", Buffer.from("x"), { version: "none" }).catch(() => {});
        await store.put("x/y", Buffer.from(String(i)));
        await store.put("x/y/z", Buffer.from("x")).catch(() => {});
        await store.delete("x/y");
      }
      await sleep(50);
      expect(await openFiles()).toBe(before);
      expect(await readdir(join(folder, "uploads"))).toEqual([]);
      expect(await readdir(join(folder, "temporary"))).toEqual([]);
      expect(await readdir(join(folder, "objects"))).toEqual([]);
    });
  });

  it("fails only the requests for which no file could be opened", async () => {
    const module = JSON.stringify(new URL("disk-store.ts", import.meta.url).pathname);
    const blobs = JSON.stringify(new URL("testing/blobs.ts", import.meta.url).pathname);
    const script = `import { openDiskStore } from ${module}; import { pushBlob, readBlob } from ${blobs};
      const store = await openDiskStore(process.argv[1]);
      const bytes = Buffer.alloc(1_000_000, 1);
      const digest = await pushBlob(store, bytes);
      const streams = await Promise.allSettled(Array.from({ length: 100 }, () => store.openBlob(digest)));
      const failed = streams.filter((one) => one.status === "rejected").map((one) => one.reason.code);
      const puts = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => store.put("a/" + i, Buffer.from("x"))));
      for (const one of streams) one.value?.destroy();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const after = (await readBlob(store, digest)).equals(bytes);
      await store.put("a/after", Buffer.from("x"));
      const listed = await store.list("a");
      await store.close();
      console.log(JSON.stringify({ codes: [...new Set(failed)], failed: failed.length,
        puts: puts.map((one) => one.reason?.code), after, listed }));`;
    const child = spawn(
      "sh",
      ["-c", 'ulimit -n 64; exec "$0" --input-type=module -e "$1" "$2"', process.execPath, script, folder],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const result = JSON.parse(line.toString()) as { failed: number };
    expect(result).toMatchObject({
      codes: ["EMFILE"],
      puts: Array.from({ length: 5 }, () => "EMFILE"),
      after: true,
      listed: ["after"],
    });
    expect(result.failed).toBeGreaterThan(20);
    expect(result.failed).toBeLessThan(100);
  });
});

describe("sorted lists of names", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `n${String(i).padStart(5, "0")}`);

  it("read a folder once for all its pages, and again when it was pushed out", async () => {
    const lists = makeNameLists(6000);
    let reads = 0;
    const read = async (): Promise<string[]> => {
      reads++;
      return [...many].reverse();
    };
    const paged: string[] = [];
    for (;;) {
      const page = await lists.page("a", read, { after: paged.at(-1), limit: 100 });
      if (page.length === 0) break;
      paged.push(...page);
    }
    expect(paged).toEqual(many);
    expect(reads).toBe(1);
    await lists.page("b", async () => [...many], {});
    await lists.page("a", read, {});
    expect(reads).toBe(2);
  });

  it("have what changed while the folder was read", async () => {
    const lists = makeNameLists();
    const { promise, resolve } = Promise.withResolvers<string[]>();
    const page = lists.page("a", () => promise, {});
    lists.change("a", "new", true);
    lists.change("a", "old", false);
    lists.change("a", "back", false);
    lists.change("a", "back", true);
    resolve(["old", "stays", "back"]);
    expect(await page).toEqual(["back", "new", "stays"]);
  });

  it("are read anew after a failure", async () => {
    const lists = makeNameLists();
    await expect(lists.page("a", () => Promise.reject(new Error("EIO")), {})).rejects.toThrow("EIO");
    expect(await lists.page("a", async () => ["x"], {})).toEqual(["x"]);
  });
});
