import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { buildGoFlate } from "../../test/support/go-flate.ts";
import { pgzipMaker, zstdLevels, zstdMaker } from "../../test/support/klauspost-makers.ts";
import { writeSection } from "../document.ts";
import { measure, median } from "../measure.ts";

const rounds = 3;
/** Seconds of CPU. */
const limit = 300;

/** A layer of Debian: shared libraries, then programs, documents and data. */
const inputScript = `{ tar --sort=name -C / -c usr/lib/x86_64-linux-gnu | head -c 130000000
  tar --sort=name -C / -c usr/bin usr/share/doc usr/share/perl usr/share/mime | head -c 70000000; } > input 2> /dev/null || true`;

/** An exact encoder and the program whose bytes it gives, which packs the file \`input\`. */
interface Rival {
  id: string;
  title: string;
  script: string;
}

/**
 * Times exact encoders beside the programs whose bytes they give, in turns and each on one core, checks that the bytes are the same, and writes the
 * table into docs/exact.md. `DDIFF_TEST_GO` names the \`go\`, of a version from 1.8 to 1.26.
 */
export async function benchExactSpeed(): Promise<void> {
  const go = process.env["DDIFF_TEST_GO"] ?? "go";
  const work = mkdtempSync(join(tmpdir(), "ddiff-exact-speed-"));
  try {
    execFileSync("bash", ["-c", inputScript], { cwd: work });
    const goFlate = await buildGoFlate(go, work);
    const rivals: Rival[] = [1, 3, 6, 9].map((level) => ({
      id: `go1.8-level${level}`,
      title: `Go's compress/flate, level ${level}`,
      script: `GOMAXPROCS=1 ${goFlate} ${level} < input`,
    }));
    rivals.push(...(await klauspostRivals(go, work)));
    const rows: string[] = [];
    for (const rival of rivals) {
      console.error(rival.id);
      rows.push(await row(rival, work));
    }
    const version = execFileSync(go, ["version"]).toString().split(" ")[2] ?? "";
    const size = (statSync(join(work, "input")).size / 1e6).toFixed(0);
    const table = [
      `${size} MB of a Debian layer, two thirds of it shared libraries; ${version.replace("go", "Go ")}; seconds of CPU on one core, the median of ${rounds} runs in turns.`,
      [
        "| encoder | original | ddiff | times the original | memory of ddiff | same bytes |",
        "|---|---:|---:|---:|---:|---|",
        ...rows,
      ].join("\n"),
    ];
    console.log(table.join("\n\n"));
    writeSection("exact.md", "speed", table);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Go 1.27, whose toolchain comes as a module, and pgzip, whose bytes are compared without the header and trailer of gzip. */
async function klauspostRivals(go: string, work: string): Promise<Rival[]> {
  const newFolder = join(work, "go1.27");
  mkdirSync(newFolder);
  const newGo = await buildGoFlate(go, newFolder, { source: "go-flate", toolchain: "go1.27.4" });
  const version = "1.18.6";
  const pgzip = await buildGoFlate(go, work, pgzipMaker(version, 1 << 20));
  const zstd = await buildGoFlate(go, work, zstdMaker(version));
  return [
    ...[1, 6, 9].map((level) => ({
      id: `go1.27-level${level}`,
      title: `Go 1.27's compress/flate, level ${level}`,
      script: `GOMAXPROCS=1 ${newGo} ${level} < input`,
    })),
    ...[1, 5, 6, 9].map((level) => ({
      id: `pgzip-1m-klauspost1.18.2-level${level}`,
      title: `pgzip with klauspost/compress ${version}, level ${level}`,
      script: `GOMAXPROCS=1 ${pgzip} ${1 << 20} ${level} < input | tail -c +11 | head -c -8`,
    })),
    ...Object.entries(zstdLevels).map(([name, level]) => ({
      id: `zstd-klauspost1.17.8-${name}`,
      title: `zstd of klauspost/compress ${version}, its ${name}`,
      script: `GOMAXPROCS=1 ${zstd} ${level} < input`,
    })),
  ];
}

async function row({ id, title, script }: Rival, work: string): Promise<string> {
  // Code is kept without its types after the first run, as an installed ddiff has it.
  const ours = `NODE_COMPILE_CACHE=compiled ${process.execPath} ${join(import.meta.dirname, "encode.ts")} ${id} input`;
  const theirCosts = [];
  const ourCosts = [];
  for (let round = 0; round < rounds; round++) {
    theirCosts.push(await measure(`taskset -c 0 bash -c '${script}' > theirs`, work, {}, limit));
    ourCosts.push(await measure(`taskset -c 0 env ${ours} > ours`, work, {}, limit));
  }
  const [theirs, our] = [median(theirCosts), median(ourCosts)];
  const same = (await digest(join(work, "theirs"))) === (await digest(join(work, "ours")));
  const times = (our.cpu / theirs.cpu).toFixed(2);
  return `| ${title} | ${theirs.cpu.toFixed(1)} s | ${our.cpu.toFixed(1)} s | ${times} | ${(our.rss / 1e6).toFixed(0)} MB | ${same ? "yes" : "**no**"} |`;
}

async function digest(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
