import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deflated, makerOf } from "../src/codec/exact/testing/deflated.ts";
import { sampleBytes } from "../src/codec/exact/testing/sample.ts";
import { addImage, openWorkshop, type Workshop } from "../src/delta/testing/images.ts";
import { makeTar, type TarSpec } from "../src/delta/testing/tars.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { type Running, startRegistry } from "../src/registry/testing/start.ts";
import { chunkedMakers, chunkedProgram } from "./support/chunked-makers.ts";
import { buildGoFlate } from "./support/go-flate.ts";
import { randomInput } from "./support/random-input.ts";
import { ddiff, run } from "./support/run.ts";
import { randomOf } from "./support/seeded.ts";
import { describePlace, findTool, toolMissing } from "./support/tools.ts";

const go = process.env["DDIFF_TEST_GO"];
const modules = process.env["DDIFF_TEST_GO_MODULES"];
const noGo =
  go === undefined || modules === undefined ? "DDIFF_TEST_GO or DDIFF_TEST_GO_MODULES is not set" : undefined;

/** Files of one version of an application, small, empty, with holes, and larger than a chunk. */
function filesOf(version: number): TarSpec[] {
  const small = Array.from({ length: 60 }, (_, at) => ({
    path: `app/file${at}`,
    bytes: sampleBytes((at * 7919) % 60_000, at + 1),
    mtime: 1_700_000_000,
  }));
  const library = sampleBytes(4_000_000, 5);
  library[2_000_000] = version;
  return [
    { path: "app/", flag: "5", mode: 0o755 },
    ...small,
    { path: "app/link", flag: "2", linkPath: "file1" },
    { path: "app/library", bytes: library, mode: 0o755 },
    {
      path: "app/hole",
      bytes: Buffer.concat([Buffer.alloc(300_000), Buffer.from(`${version}`), Buffer.alloc(5_000)]),
    },
  ];
}

async function skopeo(...args: string[]): Promise<string> {
  const ran = await run(findTool("skopeo") ?? "skopeo", args, { env: { TZ: "UTC" } });
  expect(ran, ran.stderr).toMatchObject({ status: 0 });
  return ran.stdout;
}

describePlace("exact-chunked", noGo, () => {
  // Those that CI has the modules of.
  const named = chunkedMakers.filter(({ version }) => /^1\.(?:59|65)\./.test(version));
  const atOtherLevels = named
    .filter(({ level }) => level === 3)
    .flatMap(({ version, id }) => [
      { version, level: 1, id: id.replace("-default", "-fastest") },
      { version, level: 8, id: id.replace("-default", "-better") },
    ]);
  const makers = [...named, ...atOtherLevels];
  describe.each(makers)("containers/storage $version at level $level", ({ version, level, id }) => {
    it("gives what ours gives of any layer", { timeout: 120_000 }, async () => {
      const folder = await mkdtemp(join(tmpdir(), "exact-chunked-"));
      try {
        const program = await buildGoFlate(go!, folder, chunkedProgram(version));
        // Another seed each day: over time more is tried, and a day's failure can be made again.
        const day = new Date().toISOString().slice(0, 10);
        const random = randomOf(Number(day.replaceAll("-", "")));
        const env = { ...process.env, TZ: "UTC" };
        for (let round = 0; round < 10; round++) {
          const files = Array.from({ length: random.below(20) }, (_, at) => ({
            path: `f${at}`,
            bytes: randomInput(random, random.below(2 ** 30)),
          }));
          const input = makeTar(files);
          const real = execFileSync(program, [`${level}`], { input, maxBuffer: 1 << 28, env });
          const ours = deflated(makerOf(id), input, 1 + random.below(150_000));
          expect(ours.equals(real), `${day}, round ${round}`).toBe(true);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });
});

describePlace("exact-chunked", toolMissing("skopeo"), () => {
  let folder = "";
  let shop: Workshop;
  let server: Running;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "exact-chunked-"));
    [shop, server] = [await openWorkshop(), await startRegistry()];
  });
  afterAll(async () => {
    await server?.close();
    await shop?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const cli = async (...args: string[]): Promise<string> => {
    const env = { HOME: folder, DDIFF_TMPDIR: folder, DDIFF_CACHE_DIR: join(folder, "cache") };
    const ran = await ddiff(args, { cwd: folder, env });
    expect(ran, ran.stderr).toMatchObject({ status: 0 });
    return ran.stdout;
  };

  it("keeps the digest and the annotations of an image that skopeo packed as zstd:chunked", {
    timeout: 120_000,
  }, async () => {
    const places: string[] = [];
    for (const version of [1, 2]) {
      const store = new MemoryStore();
      const image = addImage(store, [{ tar: makeTar(filesOf(version)), pack: "none" }]);
      const plain = await shop.write(store, image, `plain${version}:app:1`);
      const made = `${folder}/made:${version}`;
      const format = ["--dest-compress", "--dest-compress-format=zstd:chunked", "--dest-compress-level=3"];
      await skopeo("copy", "-q", ...format, plain, `oci:${made}`);
      places.push(`oci:${made}`);
    }
    const raw = await skopeo("inspect", "--raw", places[1] ?? "");
    expect(raw).toContain("zstd-chunked.manifest-position");
    const bundle = join(folder, "app.ddiff");
    await cli("diff", "--require-exact", "-o", bundle, ...places);
    expect(await cli("show", bundle)).toMatch(/zstd-klauspost[\d.]+-default-(?:empty-)?chunked1\.\d\d/);
    const inspected = async (place: string): Promise<string> =>
      skopeo("inspect", "--tls-verify=false", "--raw", place);
    const there = `127.0.0.1:${server.port}/app`;
    for (const [to, name] of [
      ["oci:there:app:1", "oci:there:app:2"],
      [`docker://${there}:1`, `docker://${there}:2`],
    ] as const) {
      await cli("copy", places[0] ?? "", to);
      await cli("load", "--require-exact", bundle, "--base", to, "--to", name);
      expect(await inspected(name.replace("oci:there", `oci:${folder}/there`))).toBe(raw);
    }
    // The registry checks what it is sent; the layout's blob is unpacked by who made it.
    const unpacked = `dir:${folder}/unpacked`;
    await skopeo(
      "copy",
      "-q",
      "--dest-decompress",
      "--src-tls-verify=false",
      `docker://${there}:2`,
      unpacked,
    );
  });
});
