/**
 * Measures the patch engine: `npx node bench/patch.ts OLD NEW [--effort fast|default|max] [--level N]`.
 * OLD and NEW are two files, or two folders whose files are paired by path less version numbers.
 * Prints per file and in total: new bytes, columns, both compressed (zstd, of all files together), and CPU seconds.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { constants, zstdCompressSync } from "node:zlib";

import { Aligner, type Effort } from "../src/delta/patch/align.ts";
import { fileBytes } from "../src/util/random-bytes.ts";
import { PatchDecoder } from "../src/delta/patch/decode.ts";
import { PatchEncoder } from "../src/delta/patch/encode.ts";
import { columnNames } from "../src/delta/patch/format.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    effort: { type: "string", default: "default" },
    level: { type: "string", default: "12" },
    verify: { type: "boolean", default: false },
    files: { type: "boolean", default: false },
    save: { type: "string" },
  },
});
const [oldPath, newPath] = positionals;
if (oldPath === undefined || newPath === undefined) throw new Error("usage: bench/patch.ts OLD NEW");

const seconds = (): number => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
const literals: Buffer[] = [];
const columns: Buffer[][] = columnNames.map(() => []);
let alignTime = 0;
let codeTime = 0;
let decodeTime = 0;
for (const [from, to] of pairs(oldPath, newPath)) {
  const oldFile = openSync(from, "r");
  const newFile = openSync(to, "r");
  const base = fileBytes(oldFile, 0, statSync(from).size);
  const target = fileBytes(newFile, 0, statSync(to).size);
  const encoder = new PatchEncoder();
  const fresh: Buffer[] = [];
  let steps = 0;
  let before = seconds();
  const started = before;
  for (const piece of new Aligner(options.effort as Effort).align(base, target)) {
    alignTime += seconds() - before;
    before = seconds();
    steps += piece.count;
    encoder.add(base, target, piece, (bytes) => fresh.push(Buffer.from(bytes)));
    codeTime += seconds() - before;
    before = seconds();
  }
  const made = encoder.take();
  const took = seconds() - started;
  made.forEach((column, k) => columns[k]!.push(column));
  const literal = Buffer.concat(fresh);
  literals.push(literal);
  if (options.files) {
    const coded = made.reduce((sum, column) => sum + compressed(column), 0);
    const name = relative(newPath, to) || to;
    console.log(
      `${name}: ${target.length} bytes, ${steps} steps, new ${literal.length} -> ${compressed(literal)}, columns ${coded}, ${took.toFixed(2)} s`,
    );
  }
  if (options.verify) {
    before = seconds();
    const hash = createHash("sha256");
    const decoder = new PatchDecoder(made);
    let at = 0;
    let done = 0;
    while (done < target.length) {
      await decoder.piece(
        base,
        async (n) => literal.subarray(at, (at += n)),
        async (bytes) => {
          hash.update(bytes);
          done += bytes.length;
        },
      );
    }
    decodeTime += seconds() - before;
    const wanted = createHash("sha256").update(readFileSync(to)).digest("hex");
    if (hash.digest("hex") !== wanted) throw new Error(`${to} was not rebuilt`);
  }
  closeSync(oldFile);
  closeSync(newFile);
}
let before = seconds();
let total = 0;
columnNames.forEach((name, k) => {
  const raw = Buffer.concat(columns[k]!);
  const size = compressed(raw);
  total += size;
  console.log(`${name.padEnd(18)} ${String(raw.length).padStart(10)} -> ${size}`);
  if (options.save) writeFileSync(join(options.save, `${k}.col`), raw);
});
const columnTime = seconds() - before;
before = seconds();
const all = Buffer.concat(literals);
const size = compressed(all, Number(options.level));
if (options.save) writeFileSync(join(options.save, "literals"), all);
console.log(`${"new bytes".padEnd(18)} ${String(all.length).padStart(10)} -> ${size}`);
console.log(
  `total ${total + size} (columns ${total}); CPU: align ${alignTime.toFixed(1)} code ${codeTime.toFixed(1)} ` +
    `columns ${columnTime.toFixed(1)} new bytes ${(seconds() - before).toFixed(1)} decode ${decodeTime.toFixed(1)} s; ` +
    `memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
);

function compressed(bytes: Uint8Array, level = 19): number {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_windowLog]: 27,
    [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  };
  return bytes.length === 0 ? 0 : zstdCompressSync(bytes, { params }).length;
}

function pairs(from: string, to: string): [string, string][] {
  if (!statSync(to).isDirectory()) return [[from, to]];
  const partners = new Map(files(from).map((path) => [stem(from, path), path]));
  const seen = new Set(files(from).map(contentOf));
  const found: [string, string][] = [];
  for (const path of files(to)) {
    const content = contentOf(path);
    if (seen.has(content)) continue;
    seen.add(content);
    found.push([partners.get(stem(to, path)) ?? "/dev/null", path]);
  }
  return found;
}

function stem(root: string, path: string): string {
  return relative(root, path).replaceAll(/\d+(\.\d+)+/g, "N");
}

function files(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function contentOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
