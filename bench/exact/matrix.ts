import { execFileSync } from "node:child_process";
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repacked } from "../../src/codec/exact/repack.ts";
import { decompressed, detectCompression } from "../../src/codec/compression.ts";
import { readAll } from "../../src/codec/read-all.ts";
import { unzstdRecognised, ZstdRecogniser } from "../../src/codec/exact/zstd/recognise-zstd.ts";
import { gunzipMembers } from "../../src/codec/exact/gzip-members.ts";
import { encodersIn, type PackingRecipe } from "../../src/codec/exact/packing-recipe.ts";
import { GzipRecogniser } from "../../src/codec/exact/recognise.ts";
import { digestOf, Digester } from "../../src/oci/digest.ts";
import { streamOf, bufferBytes } from "../../src/util/random-bytes.ts";
import { formatBytes } from "../../src/util/bytes.ts";
import { writeSection } from "../document.ts";
import { measure } from "../measure.ts";
import { packByEngines } from "./engines.ts";
import { buildGoMaker, goMakers } from "./go-makers.ts";
import { programMakers } from "./programs.ts";

/** A Debian layer with something of everything. */
const inputScript =
  "tar --sort=name -C / -cf input usr/share/perl usr/bin/openssl usr/lib/x86_64-linux-gnu/libc.so.6";

interface Row {
  title: string;
  version: string;
  packedBytes: number;
  recipe: PackingRecipe | undefined;
  same: boolean;
  /** Seconds of CPU: the maker's, finding out, packing again. */
  cpu: { maker: number | undefined; recognise: number; again: number };
  pristine: number | undefined;
}

/** So many makers are also shown to pristine-gz, which takes long. */
const forPristine = /^(?:docker push|podman push|GNU gzip|Python gzip, level 9)/;

/**
 * Has many builders pack the same tar, finds out how each did it, packs it again, and compares. Prints one row for each and keeps the table in
 * docs/exact.md; with words, only those libraries and programs that have one of them in their titles, and nothing is kept. Engines are Debian's, libraries
 * come as Go modules.
 */
export async function benchExact(words: readonly string[]): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "ddiff-exact-"));
  const rows: Row[] = [];
  try {
    execFileSync("bash", ["-c", inputScript], { cwd: work });
    const add = async (title: string, version: string, packed: Buffer, maker?: number): Promise<void> => {
      const row = await tryMaker({ title, version, packed, maker }, work);
      rows.push(row);
      console.error(line(row));
    };
    const all = words.length === 0;
    for (const { title, version, packed } of all ? await packByEngines(work) : []) {
      await add(title, version, packed);
    }
    const isWanted = ({ title }: { title: string }): boolean =>
      all || words.some((word) => title.includes(word));
    for (const maker of goMakers.filter(isWanted)) {
      const { toolchain, version = "", words = [] } = maker;
      const name = [version, toolchain.replace("go", "Go ")].filter((word) => word !== "").join(", ");
      try {
        const program = await buildGoMaker(maker, work);
        const script = `GOMAXPROCS=1 ${program} ${words.join(" ")} < input > packed`;
        const { cpu } = await measure(script, work, {}, 300);
        await add(maker.title, name, readFileSync(join(work, "packed")), cpu);
      } catch (error) {
        console.error(`${maker.title}, ${name}: ${String(error)}`);
      }
    }
    for (const { title, version, script } of programMakers(work).filter(isWanted)) {
      const { cpu } = await measure(`${script} > packed`, work, {}, 300);
      await add(
        title,
        version,
        readFileSync(join(work, "packed")),
        /Java|Node/.test(version) ? undefined : cpu,
      );
    }
    for (const row of rows) {
      if (forPristine.test(row.title)) row.pristine = pristine(fileOf(row.title, work));
    }
    const size = formatBytes(statSync(join(work, "input")).size);
    const exact = rows.filter(({ same }) => same).length;
    const parts = [
      `${size} of a Debian tree, packed by ${rows.length} makers and versions: ${exact} come out bit for bit. Seconds of CPU; the maker's where it is a program of its own, on one core.`,
      [
        "| packed by | version | size | recognised as | bit for bit | in the bundle | its time | to find out | to pack again | pristine-gz's delta |",
        "|---|---|---:|---|---|---:|---:|---:|---:|---:|",
        ...rows.map(line),
      ].join("\n"),
    ];
    console.log(parts.join("\n\n"));
    if (all) writeSection("exact.md", "matrix", parts);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Made {
  title: string;
  version: string;
  packed: Buffer;
  maker: number | undefined;
}

async function tryMaker({ title, version, packed, maker }: Made, work: string): Promise<Row> {
  const file = fileOf(title, work);
  writeFileSync(file, packed);
  const source = () => createReadStream(file, { highWaterMark: 1 << 20 });
  const isZstd = detectCompression(packed) === "zstd";
  const unpacking = await cpuOf(() => drained(isZstd ? decompressed(source()) : idly(source(), title)));
  const recogniser = isZstd ? new ZstdRecogniser() : new GzipRecogniser();
  const recognising = await cpuOf(() =>
    drained(
      recogniser instanceof ZstdRecogniser
        ? unzstdRecognised(source(), recogniser, title)
        : gunzipMembers(source() as AsyncIterable<Buffer>, recogniser, title),
    ),
  );
  const { recipe } = recogniser;
  const digester = new Digester();
  const plain = await readAll(decompressed(source()), 1 << 30, title);
  const again = await cpuOf(async () => {
    const tar = streamOf(bufferBytes(plain)) as AsyncIterable<Buffer>;
    for await (const piece of repacked(tar, recipe ?? [{ literal: "", size: plain.length }], title))
      digester.update(piece);
  });
  return {
    title,
    version,
    packedBytes: packed.length,
    recipe,
    same: recipe !== undefined && digester.digest() === digestOf(packed),
    cpu: { maker, recognise: recognising - unpacking, again },
    pristine: undefined,
  };
}

/** Unpacks members of gzip and tells nobody. */
function idly(source: AsyncIterable<Buffer>, title: string): AsyncIterable<Buffer> {
  return gunzipMembers(source, { header() {}, packed() {}, plain() {}, end() {}, padding() {} }, title);
}

async function drained(pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of pieces);
}

/** What a maker made; the last version's stays there. */
function fileOf(title: string, work: string): string {
  return join(work, `${title.replaceAll(/\W+/g, "-")}.gz`);
}

/** Bytes of the delta that pristine-tar's pristine-gz needs; undefined where it gives up. */
function pristine(file: string): number | undefined {
  const delta = `${file}.delta`;
  rmSync(delta, { force: true });
  try {
    execFileSync("pristine-gz", ["gendelta", file, delta], { stdio: "ignore", timeout: 600_000 });
  } catch {
    return undefined;
  }
  return existsSync(delta) ? statSync(delta).size : undefined;
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function line({ title, version, packedBytes, recipe, same, cpu, pristine }: Row): string {
  const cells = [
    title,
    version,
    formatBytes(packedBytes),
    recipe === undefined ? "not known" : `${encodersIn(recipe).join(", ")}${memberCount(recipe)}`,
    same ? "yes" : "no",
    recipe === undefined ? "" : formatBytes(JSON.stringify(recipe).length),
    seconds(cpu.maker),
    seconds(cpu.recognise),
    recipe === undefined ? "" : seconds(cpu.again),
    pristine === undefined ? "" : formatBytes(pristine),
  ];
  return `| ${cells.join(" | ")} |`;
}

function seconds(value: number | undefined): string {
  return value === undefined ? "" : `${value.toFixed(1)} s`;
}

function memberCount(recipe: PackingRecipe): string {
  const members = recipe.reduce((sum, one) => sum + ("sizes" in one ? one.sizes.length : 1), 0);
  return members > 1 ? `, ${members} members` : "";
}
