import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSection } from "../document.ts";
import { type Cost, measure } from "../measure.ts";
import { bigArchive } from "./big-image.ts";

const root = join(import.meta.dirname, "..", "..");
const rounds = 3;
/** Seconds of CPU. */
const limit = 600;

/**
 * Times `ddiff analyze` on an archive of more than 6 GB beside dive, in turns, and writes the table into docs/analyze.md. `DDIFF_DIVE` names dive's
 * program.
 */
export async function benchAnalyze(): Promise<void> {
  const dive = process.env["DDIFF_DIVE"] ?? "dive";
  const archive = await bigArchive();
  const work = mkdtempSync(join(tmpdir(), "ddiff-analyze-"));
  const ddiff = `${process.execPath} ${join(root, "src/main.ts")} analyze docker-archive:${archive} > out.txt`;
  const rows = [
    { title: "`ddiff analyze`, first run", script: `rm -rf cache; ${ddiff}`, costs: [] as Cost[] },
    { title: "`ddiff analyze`, again", script: ddiff, costs: [] as Cost[] },
    {
      title: "`dive --ci`",
      script: `${dive} --ci --source docker-archive ${archive} > out.txt || true`,
      costs: [] as Cost[],
    },
    {
      title: "`dive --json`",
      script: `${dive} --json dive.json --source docker-archive ${archive} > out.txt`,
      costs: [] as Cost[],
    },
  ];
  try {
    for (let round = 0; round < rounds; round++)
      for (const row of rows)
        row.costs.push(await measure(row.script, work, { XDG_CACHE_HOME: join(work, "cache") }, limit));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const table = [
    `An image with PyPI's torch 2.9.1 as \`docker save\` writes it, ${(statSync(archive).size / 1e9).toFixed(1)} GB; the median of ${rounds} runs in turns.`,
    [
      "| command | wall | CPU | memory |",
      "|---|---:|---:|---:|",
      ...rows.map(({ title, costs }) => {
        const middle = costs.toSorted((one, other) => one.wall - other.wall)[rounds >> 1];
        return middle === undefined
          ? ""
          : `| ${title} | ${middle.wall.toFixed(1)} s | ${middle.cpu.toFixed(1)} s | ${(middle.rss / 1e6).toFixed(0)} MB |`;
      }),
    ].join("\n"),
  ];
  console.log(table.join("\n\n"));
  writeSection("analyze.md", "speed", table);
}
