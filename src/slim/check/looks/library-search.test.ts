import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TarSpec } from "../../../delta/testing/tars.ts";
import { FileTree } from "../../../inspect/file-tree.ts";
import { file, makeView, symlink } from "../../../inspect/testing/layers.ts";
import { elfFile, type ElfSpec } from "../testing/elf-file.ts";
import { LibrarySearch } from "./library-search.ts";

function binary(path: string, spec: ElfSpec = {}): TarSpec {
  return { path, bytes: elfFile(spec), mode: 0o755 };
}

async function lostIn(
  members: readonly TarSpec[],
  options: { env?: Record<string, string>; machine?: string } = {},
) {
  const tree = new FileTree(await makeView(members));
  const env = new Map(Object.entries(options.env ?? {}));
  const search = new LibrarySearch(tree, { machine: options.machine ?? "x86_64", env });
  return search
    .lost()
    .map(
      ({ file, library, elsewhere }) => `${file} ${library}${elsewhere === undefined ? "" : ` ${elsewhere}`}`,
    );
}

const user = (extra: ElfSpec): TarSpec => binary("opt/app/bin/tool", { needed: ["liba.so.1"], ...extra });

const library = (path: string): TarSpec => binary(path, { soname: "liba.so.1" });

/** A program, a library that it needs, and one that the library needs. */
const chain = (how: "rpath" | "runpath"): TarSpec[] => [
  binary("app/main", { needed: ["liba.so"], [how]: "/app/lib:/app/more" }),
  binary("app/lib/liba.so", { soname: "liba.so", needed: ["libb.so"] }),
  binary("app/more/libb.so", { soname: "libb.so" }),
];

/** File and library of each line. */
const pairs = (list: readonly string[]): string[] =>
  list.map((line) => line.split(" ").slice(0, 2).join(" "));

describe("what the dynamic loader does not find", () => {
  test("is looked for in DT_RPATH, LD_LIBRARY_PATH, DT_RUNPATH, ld.so.conf and the default folders", async () => {
    const inOwn = library("opt/app/lib/liba.so.1");
    const doubt = ["/opt/app/bin/tool liba.so.1 /opt/app/lib/liba.so.1"];
    expect(await lostIn([user({})])).toEqual(["/opt/app/bin/tool liba.so.1"]);
    expect(await lostIn([user({}), inOwn])).toEqual(doubt);
    expect(await lostIn([user({ rpath: "$ORIGIN/../lib" }), inOwn])).toEqual([]);
    expect(await lostIn([user({ runpath: "/nowhere:${ORIGIN}/../lib" }), inOwn])).toEqual([]);
    expect(await lostIn([user({}), inOwn], { env: { LD_LIBRARY_PATH: "/x::/opt/app/lib" } })).toEqual([]);
    expect(
      await lostIn([user({}), library("usr/lib/x86_64-linux-gnu/liba.so.1"), symlink("lib", "usr/lib")]),
    ).toEqual([]);
    expect(await lostIn([user({}), library("usr/lib64/liba.so.1")])).toEqual([]);
    const configured = [
      file("etc/ld.so.conf", "include ld.so.conf.d/*.conf\n"),
      file("etc/ld.so.conf.d/app.conf", "# ours\n/opt/app/lib\n"),
    ];
    expect(await lostIn([user({}), inOwn, ...configured])).toEqual(doubt);
    expect(await lostIn([user({}), inOwn, ...configured, file("etc/ld.so.cache")])).toEqual([]);
  });

  test("a library of another machine does not serve, and machines without a loader are left alone", async () => {
    const arm = 183;
    const members = [
      binary("usr/bin/tool", { needed: ["liba.so.1"] }),
      binary("usr/lib/liba.so.1", { soname: "liba.so.1", machine: arm, needed: ["libnowhere.so"] }),
    ];
    expect(await lostIn(members)).toEqual(["/usr/bin/tool liba.so.1"]);
    const loader = binary("lib/ld-linux-aarch64.so.1", { soname: "ld-linux-aarch64.so.1", machine: arm });
    expect(await lostIn([...members, loader])).toEqual([
      "/usr/bin/tool liba.so.1",
      "/usr/lib/liba.so.1 libnowhere.so",
    ]);
  });

  test("DT_RPATH of what loads a library counts for its needs, DT_RUNPATH does not", async () => {
    expect(await lostIn(chain("rpath"))).toEqual([]);
    expect(await lostIn(chain("runpath"))).toEqual(["/app/lib/liba.so libb.so /app/more/libb.so"]);
  });

  test("modules of an environment may rely on the DT_RPATH of its programs", async () => {
    const members = [
      binary("opt/conda/bin/python3.11", { rpath: "$ORIGIN/../lib" }),
      binary("opt/conda/lib/python3.11/site-packages/x/_x.so", { needed: ["libx.so"] }),
      binary("opt/conda/lib/libx.so", { soname: "libx.so" }),
    ];
    expect(await lostIn(members)).toEqual([]);
    expect(await lostIn(members.slice(1))).toHaveLength(1);
  });

  test("musl's loader has its own order", async () => {
    const members = [
      binary("lib/ld-musl-x86_64.so.1", { soname: "ld-musl-x86_64.so.1" }),
      binary("usr/bin/tool", { needed: ["liba.so", "libb.so"] }),
      binary("usr/local/lib/liba.so", { soname: "liba.so" }),
      binary("opt/lib/libb.so", { soname: "libb.so" }),
    ];
    expect(await lostIn(members)).toEqual(["/usr/bin/tool libb.so /opt/lib/libb.so"]);
    const listed = file("etc/ld-musl-x86_64.path", "/usr/local/lib:/opt/lib\n");
    expect(await lostIn([...members, listed])).toEqual([]);
  });

  test("another library can only help, and whatever the paths are, the search ends", async () => {
    const entry = fc.constantFrom(
      "$ORIGIN",
      "${ORIGIN}/../b",
      "/a",
      "$LIB",
      "/$PLATFORM/../a",
      "",
      "..",
      "$ORIGIN/$ORIGIN",
      "/a/link",
    );
    const spec = fc.record({
      needed: fc.uniqueArray(fc.constantFrom("lib0.so", "lib1.so", "/a/lib1.so", "$ORIGIN/lib0.so", "*"), {
        maxLength: 3,
      }),
      rpath: fc.array(entry, { maxLength: 2 }).map((list) => list.join(":")),
      runpath: fc.option(
        fc.array(entry, { maxLength: 2 }).map((list) => list.join(":")),
        { nil: undefined },
      ),
    });
    await fc.assert(
      fc.asyncProperty(spec, spec, fc.string(), async (one, two, conf) => {
        const members = [
          binary("a/main", one),
          binary("b/lib1.so", two),
          symlink("a/link", "../a/link/x"),
          file("etc/ld.so.conf", `${conf}\ninclude /etc/ld.so.conf\n/b\n`),
          file("etc/ld.so.cache"),
        ] as TarSpec[];
        const before = await lostIn(members);
        const more = await lostIn([...members, binary("a/lib0.so"), binary("usr/lib/lib1.so")]);
        expect(pairs(before)).toEqual(expect.arrayContaining(pairs(more)));
      }),
      { numRuns: 50 },
    );
  });
});

const loader =
  { x64: "/lib64/ld-linux-x86-64.so.2", arm64: "/lib/ld-linux-aarch64.so.1" }[process.arch as string] ?? "";
const machine = process.arch === "arm64" ? 183 : 62;

test.skipIf(!existsSync(loader))("this system's own loader finds and misses the same", async () => {
  const folders = ["a", "b", "c"];
  const home = mkdtempSync(join(tmpdir(), "ddiff-loader-"));
  const names = [0, 1, 2, 3].map((number) => `lib${number}-of-a-test.so`);
  const entry = fc.constantFrom("$ORIGIN", "$ORIGIN/../a", "${ORIGIN}/../b", "HOME/c", "HOME/nowhere");
  const search = fc.array(entry, { minLength: 1, maxLength: 2 }).map((list) => list.join(":"));
  const library = fc.record({
    folder: fc.constantFrom(...folders, undefined),
    needed: fc.subarray(names),
    path: fc.option(fc.record({ kind: fc.constantFrom("rpath", "runpath"), search }), { nil: undefined }),
  });
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(library, library, library, library),
        fc.subarray(folders),
        async (libraries, path) => {
          rmSync(home, { recursive: true });
          const members: TarSpec[] = [];
          for (const [at, { folder, needed, path }] of libraries.entries()) {
            const name = names[at] ?? "";
            if (folder === undefined) continue;
            const bytes = elfFile({
              machine,
              soname: name,
              needed: needed.filter((one) => one !== name),
              ...(path === undefined ? {} : { [path.kind]: path.search.replaceAll("HOME", home) }),
            });
            mkdirSync(join(home, folder), { recursive: true });
            writeFileSync(join(home, folder, name), bytes);
            members.push({ path: join(home, folder, name).slice(1), bytes, mode: 0o755 });
          }
          mkdirSync(home, { recursive: true });
          const LD_LIBRARY_PATH = path.map((folder) => join(home, folder)).join(":");
          const tree = new FileTree(await makeView(members));
          const env = new Map([["LD_LIBRARY_PATH", LD_LIBRARY_PATH]]);
          const lost = new LibrarySearch(tree, {
            machine: machine === 62 ? "x86_64" : "aarch64",
            env,
          }).lost();
          const runs = new Map(members.map(({ path }) => [`/${path}`, trace(`/${path}`, LD_LIBRARY_PATH)]));
          for (const { path } of members) {
            const root = `/${path}`;
            const elf = tree.view.visible.get(path)?.entry.elf;
            const run = runs.get(root) ?? { found: [], missing: [] };
            for (const needed of elf?.needed ?? []) {
              const isLost = lost.some((one) => one.file === root && one.library === needed);
              // Lost means: not found when this is what is started, nor by way of anything that loads it.
              if (isLost) expect(run.missing).toContain(needed);
              else {
                const soname = elf?.soname ?? "";
                const helped = [...runs].some(
                  ([start, one]) =>
                    (one.found.includes(needed) || start.endsWith(`/${needed}`)) &&
                    (start === root || one.found.includes(soname)),
                );
                expect(helped).toBe(true);
              }
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

/** What the loader says of a file's needs and their needs. */
function trace(path: string, libraryPath: string): { found: string[]; missing: string[] } {
  const env = { LD_TRACE_LOADED_OBJECTS: "1", LD_LIBRARY_PATH: libraryPath };
  const lines = spawnSync(loader, ["--inhibit-cache", path], { env }).stdout.toString().split("\n");
  const named = lines.map((line) => /^\s*(\S+) => (.*)$/.exec(line)).filter((match) => match !== null);
  return {
    found: named.filter((match) => match[2] !== "not found").map((match) => match[1] ?? ""),
    missing: named.filter((match) => match[2] === "not found").map((match) => match[1] ?? ""),
  };
}
