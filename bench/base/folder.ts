import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ddiff } from "../../test/support/run.ts";

/** What a base in a folder takes on the disk. */
export interface FolderCost {
  /** Its parts: each shared wheel, the common packages, each torch. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  /** Each torch with all that it uses, as an environment of its own would have it. */
  readonly alone: readonly { readonly name: string; readonly bytes: number; readonly shared: number }[];
}

const definition = `version: 1
os: ubuntu22.04
cuda: 12.4.1
python: [3.11]
capabilities: ["8.0", 9.0+PTX]
torch:
  - {version: 2.5.1, torchaudio: none}
  - {version: 2.6.0, torchaudio: none}
  - {version: 2.7.1, torchaudio: none}
packages: [numpy, einops]
`;

/** Builds a base with CUDA's libraries in a folder, checks it, and measures it. $DDIFF_BENCH_BASE names one that is built already. */
export async function measureFolder(): Promise<FolderCost> {
  const built = process.env["DDIFF_BENCH_BASE"];
  if (built !== undefined) return await costOf(built);
  const folder = await mkdtemp(join(tmpdir(), "ddiff-base-cuda-"));
  try {
    await writeFile(join(folder, "base.yaml"), definition);
    const base = join(folder, "base");
    const env = { UV_NO_CACHE: "1" };
    for (const words of [
      ["build", "--folder", base, "--file", join(folder, "base.yaml")],
      ["check", "--timeout", "600", base],
    ]) {
      const ran = await ddiff(["base", ...words], { env, cwd: folder });
      if (ran.status !== 0) throw new Error(`${ran.stdout}\n${ran.stderr}`);
    }
    return await costOf(base);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function costOf(base: string): Promise<FolderCost> {
  const { pythons } = JSON.parse(await readFile(join(base, "base.json"), "utf8")) as {
    pythons: { version: string; torch: { folder: string; version: string }[] }[];
  };
  const wheels = join(base, "wheels");
  const names = (await readdir(wheels)).sort();
  const sizes = new Map<string, number>();
  for (const name of names) sizes.set(name, (await measure(join(wheels, name))).bytes);
  const parts = [...sizes].map(([name, bytes]) => ({ name: `\`wheels/${name}\``, bytes }));
  const alone = [];
  for (const { version, torch } of pythons) {
    const common = join(base, `python${version}`, "common");
    parts.push({ name: `\`python${version}/common\``, bytes: (await measure(common)).bytes });
    for (const one of torch) {
      const { bytes, links } = await measure(join(base, one.folder));
      const used = names.filter((name) =>
        [...links].some((path) => path.startsWith(join(wheels, name, "/"))),
      );
      const shared = used.reduce((all, name) => all + (sizes.get(name) ?? 0), 0);
      parts.push({ name: `\`${one.folder}\``, bytes });
      alone.push({ name: `torch ${one.version}`, bytes: bytes + shared, shared });
    }
  }
  return { parts, alone };
}

/** Bytes on the disk below a folder, and where its links lead to. */
async function measure(folder: string): Promise<{ bytes: number; links: Set<string> }> {
  let bytes = 0;
  const links = new Set<string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    bytes += (await lstat(path)).blocks * 512;
    if (entry.isSymbolicLink()) links.add(resolve(entry.parentPath, await readlink(path)));
  }
  return { bytes, links };
}
