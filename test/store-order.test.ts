import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describePlace, toolMissing } from "./support/tools.ts";

/*
 * What the loss of power would do cannot be tried here, but the order of system calls decides it: a file's bytes must be synced before the
 * file gets its name, and when something is acknowledged no file and no folder that it needs may have changes that were not synced.
 */

const calls = [
  "openat",
  "mkdir",
  "mkdirat",
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
  "rmdir",
  "fsync",
  "fdatasync",
  "write",
  "writev",
  "pwrite64",
  "pwritev",
  "pwritev2",
];

describePlace("store-order", toolMissing("strace"), () => {
  let folder = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-order-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs `work` on a store under strace; what it acknowledges with `done(name)` is followed by what was not synced at that moment. */
  async function trace(work: string): Promise<Map<string, string[]>> {
    const script = `
      import { writeSync } from "node:fs";
      import { openDiskStore } from ${module("store/disk-store.ts")};
      import { digestOf } from ${module("oci/digest.ts")};
      import { piecesOf, pushBlob } from ${module("store/testing/blobs.ts")};
      const done = (name) => writeSync(1, "done " + name + "\\n");
      const store = await openDiskStore(process.argv[1]);
      done("open");
      ${work}
      await store.close();`;
    const log = join(folder, "log");
    const command = ["-f", "-y", "-o", log, "-e", `trace=${calls.join(",")}`, process.execPath];
    execFileSync("strace", [...command, "--input-type=module", "-e", script, join(folder, "new", "store")], {
      env: { ...process.env, UV_USE_IO_URING: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    return replay(await readFile(log, "utf8"), join(folder, "new", "store"));
  }

  it("syncs an object's bytes before its name, and its folders before the answer", async () => {
    const left = await trace(`
      await store.put("tags/app/1", Buffer.from("one"));
      done("put");
      await store.put("tags/app/1", Buffer.from("two"));
      done("replace");
      await store.put("tags/app/2", Buffer.from("three"));
      await store.delete("tags/app/1");
      done("delete");
      await store.delete("tags/app/2");
      done("delete the last");
      await Promise.all(Array.from({ length: 40 }, (_, i) => store.put("links/r" + (i % 3) + "/" + i, Buffer.alloc(0))));
      done("put many");
      await Promise.all(Array.from({ length: 40 }, (_, i) => i % 2 === 0 ? store.delete("links/r" + (i % 3) + "/" + i) : store.put("links/s/" + i, Buffer.alloc(1))));
      done("put and delete many");`);
    expect(Object.fromEntries(left)).toEqual({
      open: [],
      put: [],
      replace: [],
      delete: [],
      "delete the last": [],
      "put many": [],
      "put and delete many": [],
    });
  });

  it("syncs a blob's bytes before its name, and its folders before the answer", async () => {
    const left = await trace(`
      const bytes = Buffer.alloc(40_000_000, 7);
      const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
      await upload.append(piecesOf(bytes));
      done("append");
      await upload.finish(digestOf(bytes));
      done("finish");
      await pushBlob(store, Buffer.from("small"));
      done("push a small one");
      await Promise.all(Array.from({ length: 20 }, (_, i) => pushBlob(store, Buffer.from("blob " + (i % 15)))));
      done("push many");
      await store.deleteBlob(digestOf(bytes), Date.now() + 1000);
      done("delete");`);
    expect(Object.fromEntries(left)).toEqual({
      open: [],
      append: [],
      finish: [],
      "push a small one": [],
      "push many": [],
      delete: [],
    });
  });

  it.each([
    `await pushBlob(store, Buffer.from("blob"));
     await store.put("links/app/1", Buffer.from("x"));`,
    `await store.touchBlob(digestOf(Buffer.from("blob")));
     await store.touch("links/app/1");`,
  ])("syncs what an earlier process may have left unsynced before it builds on it: %s", async (again) => {
    const push = `
      await pushBlob(store, Buffer.from("blob"));
      await store.put("links/app/1", Buffer.from("x"));`;
    await trace(push);
    const left = await trace(`${again} done("again");`);
    // Nothing is written anew, and yet the way to it must be on the disk.
    const folders = synced(await readFile(join(folder, "log"), "utf8"), join(folder, "new", "store"));
    expect(left.get("again")).toEqual([]);
    for (const path of [
      "blobs/sha256/fa",
      "blobs/sha256",
      "blobs",
      "objects/links/app",
      "objects/links",
      "objects",
    ]) {
      expect(folders).toContain(path);
    }
  });
});

function module(path: string): string {
  return JSON.stringify(new URL(`../src/${path}`, import.meta.url).pathname);
}

/** One system call: its name and arguments, from where it began to where it ended. */
interface SystemCall {
  text: string;
  begun: number;
  ended: number;
}

function parse(log: string): SystemCall[] {
  const open = new Map<string, SystemCall>();
  const parsed: SystemCall[] = [];
  for (const [at, line] of log.split("\n").entries()) {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const before = open.get(thread);
    if (resumed !== null && before !== undefined) {
      before.text += resumed[1] ?? "";
      before.ended = at;
      open.delete(thread);
    } else if (text.endsWith("<unfinished ...>")) {
      const call = {
        text: text.slice(0, -"<unfinished ...>".length),
        begun: at,
        ended: Number.POSITIVE_INFINITY,
      };
      open.set(thread, call);
      parsed.push(call);
    } else {
      parsed.push({ text, begun: at, ended: at });
    }
  }
  return parsed.filter(({ text }) => !/= -1 /.test(text));
}

/** What in `store` has unsynced changes at each `done`, and every name that was given to unsynced bytes. */
function replay(log: string, store: string): Map<string, string[]> {
  /** Paths, and when they were changed last. */
  const dirty = new Map<string, number>();
  const left = new Map<string, string[]>();
  const early: string[] = [];
  const inside = (path: string): boolean =>
    path.startsWith(`${store}/`) || path === store || path === dirname(store)
      ? !/^(temporary|lock|\.lock-[^/]*)(\/|$)/.test(path.slice(store.length + 1))
      : false;
  const touch = (path: string, at: number): void => {
    if (path !== "") dirty.set(path, at);
  };
  const events = parse(log).flatMap((call) => [
    { ...call, at: call.begun, end: false },
    { ...call, at: call.ended, end: true },
  ]);
  for (const { text, at, end, begun } of events.sort(
    (a, b) => a.at - b.at || Number(a.end) - Number(b.end),
  )) {
    const name = text.slice(0, text.indexOf("("));
    const paths = [...text.matchAll(/"([^"]*)"/g)].map(([, path = ""]) => path);
    const file = /^\w+\(\d+<([^>]*)>/.exec(text)?.[1] ?? "";
    if (end) {
      if (!name.includes("sync")) continue;
      // A change that came while it ran may be missed by it.
      if ((dirty.get(file) ?? Number.POSITIVE_INFINITY) < begun) dirty.delete(file);
    } else if (name.includes("write") && paths[0]?.startsWith("done ") === true) {
      const named = (paths[0] ?? "").replace(/^done |\\n$/g, "");
      left.set(named, [
        ...early.splice(0),
        ...[...dirty.keys()].filter((path) => inside(path) && matters(path, named, store)),
      ]);
    } else if (name.includes("write")) {
      touch(file, at);
    } else if (name === "openat" && text.includes("O_CREAT")) {
      if (!dirty.has(paths[0] ?? "")) touch(dirname(paths[0] ?? ""), at);
    } else if (name.startsWith("mkdir")) {
      touch(dirname(paths[0] ?? ""), at);
    } else if (name.startsWith("rename")) {
      const [from = "", to = ""] = paths;
      if (dirty.has(from) && inside(to)) early.push(`${to} was named before it was synced`);
      touch(dirname(from), at);
      touch(dirname(to), at);
    } else if (name.startsWith("unlink") || name === "rmdir") {
      dirty.delete(paths[0] ?? "");
      touch(dirname(paths[0] ?? ""), at);
    }
  }
  return left;
}

/** An upload need not be durable once it is a blob, nor its removal, nor when it is small. */
function matters(path: string, named: string, store: string): boolean {
  if (named === "append") return true;
  const relative = path.slice(store.length + 1);
  return relative !== "uploads" && !relative.startsWith("uploads/") && basename(path) !== "uploads";
}

/** Folders of `store` that were synced. */
function synced(log: string, store: string): string[] {
  return parse(log)
    .filter(({ text }) => text.startsWith("fsync("))
    .map(({ text }) => /<([^>]*)>/.exec(text)?.[1] ?? "")
    .filter((path) => path.startsWith(`${store}/`))
    .map((path) => path.slice(store.length + 1));
}
