import { execFile } from "node:child_process";
import { lstat, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { copyImage } from "../../src/places/copy.ts";
import { openPlace } from "../../src/places/open.ts";
import type { PlaceContext } from "../../src/places/place.ts";
import { MemoryStore } from "../../src/places/testing/memory.ts";

const run = promisify(execFile);

/** Links that stand for whole folders on a system whose /usr is merged. */
const merged = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
const unneeded = /^\/(?:usr\/share\/(?:doc|man|locale|info|lintian|bug|menu|doc-base)|usr\/lib\/valgrind)\//;

/**
 * A tar of installed Debian packages and all that they depend on, as they lie on this machine, without their documentation: programs that
 * really run, and no mirror is asked.
 */
export async function packagesTar(packages: readonly string[]): Promise<Buffer> {
  const { stdout } = await run("dpkg", ["-L", ...(await withDependencies(packages))], { maxBuffer: 1 << 26 });
  const paths = new Set<string>();
  for (const path of new Set(stdout.split("\n"))) {
    if (!path.startsWith("/") || path === "/." || unneeded.test(`${path}/`)) continue;
    const about = await lstat(path).catch(() => undefined);
    if (about === undefined || (about.isSymbolicLink() && merged.includes(path.slice(1)))) continue;
    paths.add(join(await realpath(dirname(path)), path.slice(path.lastIndexOf("/") + 1)).slice(1));
  }
  const links = await Promise.all(
    merged.map(async (name) =>
      (await lstat(`/${name}`).catch(() => undefined))?.isSymbolicLink() === true ? [name] : [],
    ),
  );
  const list = [...links.flat(), ...[...paths].filter((path) => path !== "").sort()];
  return tarOf("/", list);
}

/** A tar of paths below a folder; everything in it belongs to root. */
async function tarOf(folder: string, paths: readonly string[]): Promise<Buffer> {
  const child = run(
    "tar",
    ["-cf", "-", "-C", folder, "--no-recursion", "--numeric-owner", "--null", "-T", "-"],
    { maxBuffer: 1 << 30, encoding: "buffer" },
  );
  child.child.stdin?.end(paths.map((path) => `${path}\0`).join(""));
  return (await child).stdout;
}

/** Packages with all that they depend on, as far as it is installed. */
async function withDependencies(packages: readonly string[]): Promise<string[]> {
  const known = new Set<string>();
  let level = [...packages];
  while (level.length > 0) {
    for (const name of level) known.add(name);
    const { stdout } = await run("dpkg-query", ["-W", "-f", "${Pre-Depends}, ${Depends}\n", ...level]);
    const named = stdout.split(/[,|\n]/).map((one) => one.trim().replace(/[\s:(].*$/s, ""));
    const fresh = [...new Set(named)].filter((name) => name !== "" && !known.has(name));
    level = await installed(fresh);
  }
  return [...known].sort();
}

async function installed(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  // It ends with 1 where it does not know one of them, and tells of the others.
  const ask = ["-c", 'dpkg-query "$@" || :', "sh", "-W", "-f", "${Package} ${db:Status-Abbrev}\n", ...names];
  const { stdout } = await run("sh", ask);
  return [...new Set([...stdout.matchAll(/^(\S+) ii/gm)].map((match) => match[1] ?? ""))];
}

/** Writes an image of these tars, bottom first, to a place; `config` is the part of its settings that says how it is run. */
export async function writeRealImage(
  place: string,
  tars: readonly Buffer[],
  config: Record<string, unknown>,
  context: PlaceContext,
  architecture = process.arch === "arm64" ? "arm64" : "amd64",
): Promise<void> {
  const memory = new MemoryStore();
  const rootfs = { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) };
  // Podman commits no container of an image without.
  const history = tars.map(() => ({ created_by: "a test" }));
  const document = { os: "linux", architecture, config, rootfs, history };
  const manifest = memory.manifest(
    memory.blob(mediaTypes.ociConfig, JSON.stringify(document)),
    tars.map((tar) => memory.blob(mediaTypes.ociLayer, tar)),
  );
  const sink = await (await openPlace(place, context)).sink();
  try {
    await copyImage(memory.source(manifest), sink, { ...context, referrers: false });
  } finally {
    await sink.close();
  }
}
