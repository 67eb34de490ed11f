import * as fc from "fast-check";
import { expect, test } from "vitest";
import { file, makeView, symlink } from "../testing/layers.ts";
import { ownersIn } from "../testing/owners.ts";
import { ndbDatabase, rpmHeader, sqliteDatabase } from "../testing/rpm-database.ts";
import { unreadRecords } from "../unread-records.ts";
import { filesOf } from "./apk.ts";
import { readRpmHeader } from "./rpm-header.ts";
import { readNdb } from "./rpm-ndb.ts";
import { readBlobs } from "./sqlite-table.ts";

const bash = {
  name: "bash",
  version: "5.2",
  release: "1.el9",
  files: ["/bin/bash", "/usr/share/doc/bash/README"],
};

test("apk's files are told by folder and name", async () => {
  const owners = await ownersIn([
    file("bin/busybox", "b"),
    file("etc/securetty", "s"),
    file("lib/apk/db/scripts.tar", "t"),
    file(
      "lib/apk/db/installed",
      "C:Q1\nP:busybox\nV:1.36-r5\nF:\nF:bin\nM:0:0:755\nR:busybox\na:0:0:755\nZ:Q1\nF:etc\nR:securetty\n\nP:apk-tools\nV:2\nF:sbin\nR:apk\n\n",
    ),
    file("sbin/apk", "a"),
  ]);
  expect(owners["bin/busybox"]).toBe("apk busybox 1.36-r5");
  expect(owners["etc/securetty"]).toBe("apk busybox 1.36-r5");
  expect(owners["lib/apk/db/installed"]).toBe("apk apk-tools 2");
  expect(owners["lib/apk/db/scripts.tar"]).toBe("apk apk-tools 2");
});

test.each([
  ["usr/lib/sysimage/rpm/rpmdb.sqlite", sqliteDatabase],
  ["var/lib/rpm/Packages.db", ndbDatabase],
])("rpm's files are read from %s", async (path, database) => {
  const many = Array.from({ length: 3000 }, (_, i) => `/usr/share/many/${i}/file-${i}`);
  const headers = [
    bash,
    { name: "many", version: "1", release: "2", epoch: 3, files: many },
    { name: "lost", version: "1", release: "2", files: ["/bin/other"], states: [1] },
  ].map(rpmHeader);
  const owners = await ownersIn([
    symlink("bin", "usr/bin"),
    file("usr/bin/bash", "b"),
    file("usr/bin/other", "o"),
    file("usr/share/many/2999/file-2999", "m"),
    file(path, "", { bytes: Buffer.from(database(headers)) }),
  ]);
  expect(owners["usr/bin/bash"]).toBe("rpm bash 5.2-1.el9");
  expect(owners["usr/share/many/2999/file-2999"]).toBe("rpm many 3:1-2");
  expect(owners["usr/bin/other"]).toBeUndefined();
});

test("a database of Berkeley DB is named, for its packages are not known", async () => {
  const bytes = Buffer.alloc(4096);
  bytes.writeUInt32LE(0x00061561, 12);
  const view = await makeView([file("var/lib/rpm/Packages", "", { bytes })]);
  expect(unreadRecords(view)).toEqual([
    { path: "var/lib/rpm/Packages", why: "it is a Berkeley DB, which rpm wrote until version 4.15" },
  ]);
});

test("SQLite's tables are read as SQLite wrote them, whatever the page size and however long the rows", () => {
  const rows = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(rows, fc.constantFrom(512, 1024, 4096, 65536), (lengths, pageSize) => {
      const blobs = lengths.map((length, i) => Buffer.alloc(length, i + 1));
      expect([...readBlobs(sqliteDatabase(blobs, pageSize), "Packages", 1)]).toEqual(blobs);
    }),
    { numRuns: 20 },
  );
});

test("damaged databases give what can be read, and end", () => {
  const headers = Array.from({ length: 40 }, (_, i) =>
    rpmHeader({ ...bash, name: `p${i}`, files: Array(50).fill("/a/b") }),
  );
  const files = [sqliteDatabase(headers, 512), ndbDatabase(headers)];
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 200 });
  fc.assert(
    fc.property(fc.constantFrom(...files), damage, fc.nat(), (file, changes, end) => {
      const bytes = Buffer.from(file.subarray(0, end % 3 === 0 ? end % file.length : file.length));
      for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
      for (const blob of [...readBlobs(bytes, "Packages", 1), ...readNdb(bytes)]) readRpmHeader(blob);
    }),
  );
});

test("headers and databases of any bytes are read to their end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (any) => {
      const bytes = Buffer.from(any);
      readRpmHeader(bytes);
      for (const { path } of filesOf(bytes)) expect(typeof path).toBe("string");
      for (const blob of [...readBlobs(bytes, "Packages", 1), ...readNdb(bytes)]) readRpmHeader(blob);
    }),
  );
});

test("overflow pages in a circle cost no more than the file is long", () => {
  const file = sqliteDatabase(
    Array.from({ length: 300 }, () => Buffer.alloc(3000, 1)),
    512,
  );
  for (let page = 2; page * 512 <= file.length; page++) {
    const at = (page - 1) * 512;
    if (file[at] !== 0x0d && file[at] !== 0x05) file.writeUInt32BE(page, at);
  }
  const read = [...readBlobs(file, "Packages", 1)];
  expect(read.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(4 * file.length);
});
