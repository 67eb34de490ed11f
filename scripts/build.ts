/**
 * `npm run build`: the program as one start file with chunks that are loaded when a command needs them, in dist/.
 * Packages are bundled, so that an installed ddiff reads few files; their licences go along.
 */
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { packedInside } from "./inside.ts";
import { smallPage } from "./page.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

// Only what this build makes: the standalone files beside it are another build's.
for (const own of ["chunks", "ddiff.js"]) await rm(join(dist, own), { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    ddiff: "src/main.ts",
    // A thread starts from a file of its own, which lies among the chunks: see src/util/thread-file.ts.
    "chunks/block-worker": "src/codec/exact/block-worker.ts",
    "chunks/recogniser-worker": "src/codec/exact/recogniser-worker.ts",
    "chunks/bcrypt-worker": "src/registry/access/bcrypt-worker.ts",
  },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  chunkNames: "chunks/[name]-[hash]",
  // Stacks of --debug stay readable; whitespace is not what costs time at the start.
  minify: false,
  legalComments: "none",
  metafile: true,
  // Its sources do not lie beside the built program.
  define: { DDIFF_PAGE: await smallPage(), DDIFF_INSIDE: await packedInside() },
  // cli-progress is CommonJS and asks for Node's modules by require().
  banner: {
    js: 'import { createRequire as ddiffRequire } from "node:module";\nconst require = ddiffRequire(import.meta.url);',
  },
});
await chmod(join(dist, "ddiff.js"), 0o755);
await writeFile(join(dist, "LICENSES.txt"), await licences(Object.keys(metafile.inputs)));

/** The licence texts of every bundled package, as they ask for. */
async function licences(inputs: string[]): Promise<string> {
  const names = new Set(
    inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  const texts: string[] = [];
  for (const name of [...names].sort()) {
    const folder = join(root, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<
      string,
      string
    >;
    texts.push(`${name} ${version} (${license})\n\n${await licenceText(folder, license)}`);
  }
  return `ddiff contains these packages:\n\n${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/** Some packages name their licence and leave its text out; Apache's is our own, too. */
async function licenceText(folder: string, license: string | undefined): Promise<string> {
  const name = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
  if (name !== undefined) return (await readFile(join(folder, name), "utf8")).trim();
  if (license !== "Apache-2.0") throw new Error(`${folder} has no licence text`);
  return (await readFile(join(root, "LICENSE"), "utf8")).trim();
}
