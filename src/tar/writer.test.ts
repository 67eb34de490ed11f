import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAll } from "../codec/read-all.ts";
import { type TarEntry } from "./entry.ts";
import { readTar } from "./reader.ts";
import { packTar, type TarMember } from "./writer.ts";

async function pack(members: TarMember[]): Promise<Buffer> {
  return readAll(packTar(members), 1 << 30, "tar");
}

async function entriesOf(tar: Buffer): Promise<{ entry: TarEntry; data: Buffer }[]> {
  const found: { entry: TarEntry; data: Buffer }[] = [];
  for await (const event of readTar(Readable.from([tar]))) {
    if (event.kind === "entry") found.push({ entry: event.entry, data: Buffer.alloc(0) });
    const last = found.at(-1);
    if (event.kind === "data" && last) last.data = Buffer.concat([last.data, event.bytes]);
  }
  return found;
}

const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z.-]{0,60}$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) => !/[\0/]/.test(text)),
);
const path = fc.array(name, { minLength: 1, maxLength: 8 }).map((names) => names.join("/"));

describe("packTar", () => {
  it("writes owners, devices and attributes that read back as they were", async () => {
    const member = fc.record({
      path,
      uid: fc.nat({ max: 2 ** 31 }),
      gid: fc.nat({ max: 2 ** 31 }),
      type: fc.constantFrom("char" as const, "block" as const, "fifo" as const, "directory" as const),
      device: fc.record({ major: fc.nat({ max: 4095 }), minor: fc.nat({ max: 1 << 20 }) }),
      note: fc.string({ minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(member, async ({ note, ...rest }) => {
        const pax = new Map([["SCHILY.xattr.user.note", note]]);
        const [found] = await entriesOf(await pack([{ ...rest, size: 0, pax }]));
        expect(found?.entry).toMatchObject({ uid: rest.uid, gid: rest.gid, type: rest.type });
        expect([found?.entry.devMajor, found?.entry.devMinor]).toEqual([
          rest.device.major,
          rest.device.minor,
        ]);
        expect(found?.entry.pax.get("SCHILY.xattr.user.note")).toBe(note);
      }),
    );
  });

  it("writes members that read back as they were", async () => {
    const file = fc.record({
      path,
      bytes: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      mtime: fc.oneof(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: -1000, max: -1 }),
        fc.constant(1700000000.25),
      ),
    });
    const link = fc.record({
      path,
      linkPath: path,
      type: fc.constantFrom("symlink" as const, "hardlink" as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(file, link), { maxLength: 6 }), async (list) => {
        const members = list.map(
          (one): TarMember => ("bytes" in one ? { ...one, size: one.bytes.length } : { ...one, size: 0 }),
        );
        const found = await entriesOf(await pack(members));
        expect(found.length).toBe(members.length);
        for (const [i, { entry, data }] of found.entries()) {
          const member = members[i];
          expect(entry.path).toBe(member?.path);
          expect(entry.type).toBe(member?.type ?? "file");
          expect(entry.linkPath).toBe(member?.linkPath ?? "");
          expect(entry.mtime).toBe(member?.mtime ?? 0);
          expect(data.equals(member?.bytes ?? Buffer.alloc(0))).toBe(true);
        }
      }),
    );
  });

  it("writes what GNU tar extracts", async () => {
    const long = `${"d".repeat(120)}/${"n".repeat(140)}.txt`;
    const data = Buffer.from("a file");
    const tar = await pack([
      { path: "dir", size: 0, type: "directory" },
      { path: `${"p".repeat(90)}/${"q".repeat(90)}`, size: 6, bytes: data },
      { path: long, size: 6, open: () => Readable.from([data]) },
      { path: "dir/näme", size: 6, bytes: data, mode: 0o755 },
      { path: "dir/link", size: 0, type: "symlink", linkPath: "t".repeat(150) },
    ]);
    const dir = mkdtempSync(join(tmpdir(), "ddiff-tar-"));
    try {
      writeFileSync(join(dir, "x.tar"), tar);
      const listed = execFileSync("tar", ["--utc", "--quoting-style=literal", "-tvf", "x.tar"], {
        cwd: dir,
        env: { ...process.env, LC_ALL: "C.UTF-8" },
        encoding: "utf8",
      });
      expect(listed).toContain("drwxr-xr-x 0/0               0 1970-01-01 00:00 dir/\n");
      expect(listed).toContain("dir/näme\n");
      expect(listed).toContain(`dir/link -> ${"t".repeat(150)}\n`);
      execFileSync("tar", ["-xf", "x.tar"], { cwd: dir });
      expect(readFileSync(join(dir, long), "utf8")).toBe("a file");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("gives the same bytes for the same members, one way only", async () => {
    const members: TarMember[] = [
      { path: "oci-layout", size: 5, bytes: Buffer.from("hello") },
      { path: "blobs", size: 0, type: "directory" },
    ];
    const tar = await pack(members);
    expect((await pack(members)).equals(tar)).toBe(true);
    expect(createHash("sha256").update(tar).digest("hex")).toBe(
      "dda7aa6f69773ad81c622893c6c66eb9a81b587368fa24530d65eb37e816be83",
    );
  });

  it("holds a file of more than 8 GiB with a PAX size", async () => {
    const size = 9 * 2 ** 30;
    const stream = packTar([{ path: "layer", size, open: () => new Readable({ read() {} }) }]);
    const events = readTar(stream);
    const first = await events.next();
    expect(first.value).toMatchObject({ kind: "entry", entry: { path: "layer", size } });
    stream.destroy();
  });

  it("refuses a stream that gives more or less than announced", async () => {
    const wrong = (size: number): Promise<Buffer> =>
      pack([{ path: "blob", size, open: () => Readable.from([Buffer.alloc(1000)]) }]);
    await expect(wrong(999)).rejects.toMatchObject({ code: "SIZE_MISMATCH", message: /^blob is longer/ });
    await expect(wrong(1001)).rejects.toMatchObject({ code: "SIZE_MISMATCH", message: /^blob is shorter/ });
    await expect(pack([{ path: "blob", size: 3, bytes: Buffer.alloc(2) }])).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
  });

  it("refuses members that no tar can hold", async () => {
    const members: TarMember[] = [
      { path: "", size: 0 },
      { path: "a\0b", size: 0 },
      { path: "a", size: -1 },
      { path: "a", size: 0.5 },
      { path: "a", size: 0, mtime: Number.NaN },
      { path: "a", size: 5, type: "symlink", linkPath: "b" },
    ];
    for (const member of members)
      await expect(pack([member])).rejects.toMatchObject({ code: "TAR_MEMBER_INVALID" });
  });

  it("asks for members only as fast as it is read, and closes the one being read when given up", async () => {
    let opened = 0;
    const source = new Readable({ read() {} });
    const stream = packTar(
      Array.from({ length: 50 }, (_, i) => ({
        path: `f${i}`,
        size: 4 << 20,
        open() {
          opened++;
          return i === 0 ? Readable.from([Buffer.alloc(4 << 20)]) : source;
        },
      })),
    );
    stream.once("readable", () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(opened).toBe(1);
    stream.resume();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(opened).toBe(2);
    stream.destroy();
    expect(source.destroyed).toBe(true);
  });

  it("passes on the error of a member's stream", async () => {
    const source = new Readable({
      read() {
        this.destroy(new Error("disk gone"));
      },
    });
    await expect(pack([{ path: "blob", size: 3, open: () => source }])).rejects.toThrow("disk gone");
  });
});
