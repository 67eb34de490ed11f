import { makeTar, type TarSpec } from "../../../delta/testing/tars.ts";
import { numbersOf, sampleBytes } from "./sample.ts";

/** Layers that ask something of who packs zstd:chunked: small files and large ones, holes, odd names and kinds, and what stands behind a tar's end. */
export const chunkedCases: readonly (() => Buffer)[] = [
  () => makeTar(entries()),
  () => makeTar(entries().slice(0, 30), { trailing: Buffer.alloc(7 * 512) }),
  () => makeTar(Array.from({ length: 300 }, (_, at) => ({ path: `d${at}/`, flag: "5", mode: 0o755 }))),
  () => makeTar([]),
];

function entries(): TarSpec[] {
  const number = numbersOf(23);
  const small = Array.from({ length: 60 }, (_, at) => ({
    path: `app/file${at}`,
    bytes: sampleBytes(number() % 9_000, at + 1),
    mtime: 1_700_000_000 + at,
  }));
  const files = [...holes(), sampleBytes(1_400_000, 31), noise(900_000), Buffer.alloc(150_000)];
  return [
    { path: "app/", flag: "5", mode: 0o755, mtime: 1_700_000_000 },
    ...small,
    ...files.map((bytes, at) => ({ path: `app/large${at}`, bytes, mode: 0o755, uid: at, gid: 2 * at })),
    { path: "app/empty" },
    { path: "app/link", flag: "2", linkPath: "file1" },
    { path: "app/hard", flag: "1", linkPath: "app/file1" },
    { path: "app/pipe", flag: "6" },
    { path: "dev/null", flag: "3", device: [1, 3], mode: 0o666 },
    { path: "dev/loop0", flag: "4", device: [7, 0] },
    { path: `app/${"long/".repeat(40)}name`, bytes: Buffer.from("long"), longNames: "gnu" },
    { path: `app/${"wide/".repeat(40)}name`, bytes: Buffer.from("wide") },
    { path: 'app/a<b>&c \u2028 \u00e9 "quoted" \\ \t', bytes: Buffer.from("signs") },
    {
      path: "app/attributes",
      bytes: Buffer.from("noted"),
      pax: { mtime: "1700000000.120", "SCHILY.xattr.user.b": "b\u00e9", "SCHILY.xattr.user.a": "a" },
    },
    {
      path: "app/times",
      bytes: Buffer.from("t"),
      pax: { atime: "1699999999", ctime: "1700000000.000000001" },
    },
  ];
}

/** Files with zeros, fewer and more than make a hole, at the beginning, in the middle and at the end. */
function holes(): Buffer[] {
  const some = sampleBytes(5_000, 3);
  return [1, 1_023, 1_024, 1_025, 4_096, 70_000].flatMap((size) => {
    const hole = Buffer.alloc(size);
    return [
      [hole, some],
      [some, hole, some],
      [some, hole],
      [some, hole, hole, some, hole, some],
    ].map((parts) => Buffer.concat(parts));
  });
}

function noise(size: number): Buffer {
  const number = numbersOf(41);
  return Buffer.alloc(size).map(() => number()) as Buffer;
}
