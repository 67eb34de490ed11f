/**
 * `npx node bench/big-layer.ts [GB]`: memory and time of `diff` and `load` on one huge layer (6 GB when not said): half
 * of it one file, half of it files of 100 MB. The bytes are real programs, shifted by a constant for each copy so that
 * no two are alike; in the new image every 4 MiB have changed words and some bytes more.
 */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buildImage, copyImage } from "../demo/image.ts";
import type { TarMember } from "../src/tar/writer.ts";
import { workPath } from "./images/places.ts";
import { measure, type Cost } from "./measure.ts";

const gigabytes = Number(process.argv[2] ?? 6);
const fileBytes = 100_000_000;
const stretch = 4 << 20;

/** Real programs: what npm installed here. */
const pool = readPool(join(import.meta.dirname, "..", "node_modules"));

function readPool(folder: string): Buffer {
  const large = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter(
      (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true && statSync(path).size > 5e6,
    );
  return Buffer.concat(large.toSorted().map((path) => readFileSync(path)));
}

/** `length` bytes of the endless sequence of shifted copies of the pool, from `offset`; edited in the new image. */
function* content(offset: number, length: number, edited: boolean): Generator<Buffer> {
  let left = length;
  for (let at = offset; left > 0; at += stretch) {
    const copy = Math.floor(at / pool.length);
    const start = at % pool.length;
    const real = pool.subarray(start, Math.min(start + stretch, pool.length));
    const bytes = Buffer.alloc(Math.min(left, stretch));
    for (let i = 0; i < bytes.length; i++) bytes[i] = (real[i] ?? 0) + copy * 37;
    left -= bytes.length;
    yield edited && bytes.length === stretch ? edit(bytes, at) : bytes;
  }
}

/** What a recompiled library has: many changed words, and everything behind an insertion moved. The length stays. */
function edit(bytes: Buffer, at: number): Buffer {
  for (let i = 0; i < 64; i++) bytes.writeUInt32LE((at + i * 977) >>> 0, (i * 65_521) % (stretch - 4));
  const cut = ((at / 4099) % (stretch - 64)) | 0;
  bytes.copyWithin(cut + 24, cut, stretch - 24);
  return bytes;
}

function members(edited: boolean): TarMember[] {
  const half = (gigabytes * 1e9) / 2;
  const mtime = edited ? 1_760_000_000 : 1_750_000_000;
  const file = (path: string, offset: number, size: number): TarMember => ({
    path,
    size,
    mtime,
    open: () => Readable.from(content(offset, size, edited)),
  });
  const small = Array.from({ length: Math.round(half / fileBytes) }, (_, number) =>
    file(`opt/lib/library-${number}.so`, half + number * fileBytes, fileBytes),
  );
  return [file("opt/model/weights.bin", 0, half), ...small];
}

const report = (what: string, { cpu, wall, rss }: Cost): void => {
  const memory = `${Math.round(rss / 1e6)} MB of memory`;
  process.stdout.write(`${what}: ${memory}, ${cpu.toFixed(0)} s of CPU, ${wall.toFixed(0)} s\n`);
};

const folder = workPath("big-layer");
rmSync(folder, { recursive: true, force: true });
workPath("big-layer");
const built = join(folder, "built");
await Promise.all(
  (["old", "new"] as const).map((name) =>
    buildImage(built, name, new Date(0), [{ createdBy: "COPY . /", members: members(name === "new") }]),
  ),
);
copyImage(built, "old", join(folder, "fresh"));
const env = {
  ddiff: `${process.execPath} ${join(import.meta.dirname, "..", "src", "main.ts")}`,
  XDG_CACHE_HOME: join(folder, "cache"),
  TMPDIR: folder,
};
const hour = 3600;
const diff = await measure(
  "$ddiff diff --quiet oci:built:old oci:built:new -o image.ddiff",
  folder,
  env,
  hour,
);
report(`diff of a ${gigabytes} GB layer`, diff);
process.stdout.write(`bundle: ${statSync(join(folder, "image.ddiff")).size} bytes\n`);
// A load checks the diffID and the digest of the packed layer before it makes the image visible, so its success is the verification.
report(
  "load of it",
  await measure("$ddiff load --quiet --require-exact image.ddiff --to oci:fresh:new", folder, env, hour),
);
rmSync(folder, { recursive: true, force: true });
