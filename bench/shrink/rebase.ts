import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { writeSection } from "../document.ts";
import { dropStore } from "../images/builder.ts";
import { team, teamImage } from "./team-images.ts";

const root = join(import.meta.dirname, "..", "..");
/** The image of the team that the others are laid over. */
const below = "train";
const rules = ["exact", "of-base"] as const;

const report = z.object({
  after: z.object({ packed: z.number() }),
  platforms: z.array(z.object({ layers: z.array(z.unknown()) })),
});

/** What an image takes in a layout beside the base, in bytes. */
interface Cells {
  built: number;
  rebased: { foretold: number; stored: number; layers: number }[];
}

/**
 * Lays a team's images over one of them and writes into docs/rebase.md what was foretold and what a layout that has the base really stores for each,
 * as it was built and rebased.
 */
export async function benchRebase(): Promise<void> {
  const layouts = new Map<string, string>();
  for (const name of team) layouts.set(name, `oci:${await teamImage(name)}:${name}`);
  await dropStore();
  const work = mkdtempSync(join(tmpdir(), "ddiff-rebase-"));
  try {
    const rows: string[] = [];
    for (const name of team.filter((one) => one !== below)) {
      const cells = await measureOne(layouts.get(name) ?? "", layouts.get(below) ?? "", work);
      rows.push(rowOf(name, cells));
      console.log(rows.at(-1));
    }
    const head = [
      "| image | as built | rebased: foretold, stored | `--times of-base`: foretold, stored |",
      "|---|---:|---:|---:|",
    ];
    writeSection("rebase.md", "rebase", [[...head, ...rows].join("\n")]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function measureOne(image: string, base: string, work: string): Promise<Cells> {
  const env = { XDG_CACHE_HOME: join(work, "cache") };
  const folder = join(work, "layout");
  const place = (name: string): string => `oci:${folder}:${name}`;
  /** What a command adds to a layout that has the base. */
  const added = async (...args: string[]): Promise<{ bytes: number; answer: string }> => {
    rmSync(folder, { recursive: true, force: true });
    await ddiff(["copy", base, place(below)], env);
    const before = blobBytes(folder);
    const answer = await ddiff(args, env);
    return { bytes: blobBytes(folder) - before, answer };
  };
  const { bytes: built } = await added("copy", image, place("image"));
  const rebased: Cells["rebased"] = [];
  for (const rule of rules) {
    const how = ["rebase", "--json", image, "--onto", base, "--times", rule];
    const foretold = report.parse(JSON.parse(await ddiff([...how, "--dry-run"], env)));
    const { bytes: stored, answer } = await added(...how, place("image"));
    const layers = report.parse(JSON.parse(answer)).platforms[0]?.layers.length ?? 0;
    rebased.push({ foretold: foretold.after.packed, stored, layers });
  }
  return { built, rebased };
}

async function ddiff(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["src/main.ts", ...args, "--quiet"], {
    cwd: root,
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  return stdout;
}

function blobBytes(layout: string): number {
  const folder = join(layout, "blobs", "sha256");
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

function rowOf(name: string, { built, rebased }: Cells): string {
  const cells = rebased.map(
    ({ foretold, stored, layers }) =>
      `${bytes(foretold)}, ${bytes(stored)} in ${layers} layers, ${(100 - (100 * stored) / built).toFixed(1)} % less`,
  );
  return `| ${[name, bytes(built), ...cells].join(" | ")} |`;
}

function bytes(count: number): string {
  return count.toLocaleString("en-US");
}
