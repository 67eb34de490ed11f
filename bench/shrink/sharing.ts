import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../images/command.ts";
import { dropStore } from "../images/builder.ts";
import { writeSection } from "../document.ts";
import { team, teamImage } from "./team-images.ts";

const root = join(import.meta.dirname, "..", "..");

/** A layer as its manifest and its config name it. */
interface Layer {
  digest: string;
  packed: number;
}

/** What images have in common, in packed bytes. */
interface Sharing {
  name: string;
  layers: number;
  packed: number;
  /** In layers that all of the images have. */
  common: number;
}

/**
 * Builds a team's images, slims each in a process of its own that knows nothing of the others, and writes into docs/slim.md how many of their bytes
 * are in layers that all have, before and after.
 */
export async function benchSharing(): Promise<void> {
  const layouts: string[] = [];
  for (const name of team) layouts.push(await teamImage(name));
  await dropStore();
  const work = mkdtempSync(join(tmpdir(), "ddiff-sharing-"));
  try {
    for (const [i, name] of team.entries()) {
      const env = { XDG_CACHE_HOME: join(work, "cache", name) };
      const args = [
        "src/main.ts",
        "slim",
        "--no-check",
        `oci:${layouts[i]}:${name}`,
        `oci:${join(work, name)}:${name}`,
      ];
      await run(process.execPath, args, { cwd: root, env });
    }
    const before = sharing(layouts);
    const after = sharing(team.map((name) => join(work, name)));
    const table = tableOf(before, after);
    console.log(table);
    writeSection("slim.md", "sharing", [table]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function sharing(layouts: readonly string[]): Sharing[] {
  const images = layouts.map((layout) => layersOf(layout));
  const common = new Set(
    images[0]
      ?.map(({ digest }) => digest)
      .filter((digest) => images.every((all) => all.some((one) => one.digest === digest))),
  );
  return images.map((layers, i) => ({
    name: team[i] ?? "",
    layers: layers.length,
    packed: sum(layers),
    common: sum(layers.filter(({ digest }) => common.has(digest))),
  }));
}

function sum(layers: readonly Layer[]): number {
  return layers.reduce((all, { packed }) => all + packed, 0);
}

function layersOf(layout: string): Layer[] {
  const read = (path: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(layout, path), "utf8")) as Record<string, unknown>;
  const [root] = read("index.json")["manifests"] as { digest: string }[];
  const manifest = read(join("blobs", (root?.digest ?? "").replace(":", "/")));
  return (manifest["layers"] as { digest: string; size: number }[]).map(({ digest, size }) => ({
    digest,
    packed: size,
  }));
}

function tableOf(before: readonly Sharing[], after: readonly Sharing[]): string {
  const rows = before.map((old, i) => {
    const fresh = after[i] ?? old;
    return `| ${old.name} | ${cell(old)} | ${cell(fresh)} |`;
  });
  return [
    "| image | as built: layers, packed, in layers that all three have | slimmed: the same |",
    "|---|---:|---:|",
    ...rows,
  ].join("\n");
}

function cell({ layers, packed, common }: Sharing): string {
  return `${layers}, ${(packed / 1e6).toFixed(0)} MB, ${((100 * common) / packed).toFixed(1)} %`;
}
