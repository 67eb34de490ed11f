/**
 * `npm run build:standalone [x64|arm64]...`: one executable without need of Node, dist/ddiff-linux-x64 (this machine's kind when none is named).
 * Bun puts the program and its own runtime into one file. Bun comes from npm when it is first needed, into the cache folder of
 * node_modules: it is no dependency, since only this script uses it.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { packedInside } from "./inside.ts";
import { smallPage } from "./page.ts";

const bunVersion = "1.4.5";
const root = join(import.meta.dirname, "..");
const cache = join(root, "node_modules", ".cache", `bun-${bunVersion}`);
const dist = join(root, "dist");

/** Our names of machines, and Bun's. */
const kinds: Record<string, string> = { x64: "x64", arm64: "aarch64" };

/** The bun executable for a machine, fetched from npm once. */
function bunFor(arch: string): string {
  const name = `@oven/bun-linux-${kinds[arch]}`;
  const folder = join(cache, arch);
  const file = join(folder, "bin", "bun");
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, "fetch-"));
  try {
    console.log(`fetching ${name}@${bunVersion} from npm`);
    execFileSync("npm", ["pack", "--silent", "--pack-destination", temporary, `${name}@${bunVersion}`], {
      cwd: temporary,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const tarball = execFileSync("find", [temporary, "-name", "*.tgz"], { encoding: "utf8" }).trim();
    execFileSync("tar", ["-xzf", tarball, "-C", temporary]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(temporary, "package"), folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  chmodSync(file, 0o755);
  return file;
}

function buildFor(arch: string, texts: Readonly<Record<string, string>>): void {
  const host = bunFor(process.arch);
  const out = join(dist, `ddiff-linux-${arch}`);
  const temporary = `${out}.tmp`;
  mkdirSync(dist, { recursive: true });
  // Threads start from files of their own, which go in, too.
  const threads = [
    "registry/access/bcrypt-worker.ts",
    "codec/exact/block-worker.ts",
    "codec/exact/recogniser-worker.ts",
  ];
  const sources = ["main.ts", ...threads].map((name) => join(root, "src", name));
  const words = ["build", ...sources, "--compile", `--outfile=${temporary}`];
  // Settings of the machine where it runs are none of ours: a stray .env or bunfig.toml must not change the program.
  words.push("--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig");
  for (const [name, text] of Object.entries(texts)) words.push(`--define=${name}=${text}`);
  if (arch !== process.arch)
    words.push(`--target=bun-linux-${arch}`, `--compile-executable-path=${bunFor(arch)}`);
  execFileSync(host, words, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  chmodSync(temporary, 0o755);
  renameSync(temporary, out);
  console.log(`${out}: ${Math.round(statSync(out).size / 1e6)} MB`);
}

const texts = { DDIFF_PAGE: await smallPage(), DDIFF_INSIDE: await packedInside() };
const asked = process.argv.slice(2);
if (process.platform !== "linux") throw new Error("The standalone file can be built on Linux only");
for (const arch of asked.length > 0 ? asked : [process.arch]) {
  if (!(arch in kinds))
    throw new Error(`There is no standalone for ${arch}, only for ${Object.keys(kinds).join(" and ")}`);
  buildFor(arch, texts);
}
