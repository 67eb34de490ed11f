import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, debianBase, dropStore, exportLayout } from "./builder.ts";
import { run } from "./command.ts";
import { workFolder, workPath } from "./places.ts";

/** Two real images of one name: what the offline side has and what it shall get. */
export interface Pair {
  id: string;
  title: string;
  /** Builds both and calls `done` with the tags. */
  make(): Promise<{ old: string; new: string }>;
}

const aptInstall = (packages: string): string =>
  "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends " +
  `${packages} && rm -rf /var/lib/apt/lists/*`;

const newestBookworm = async (): Promise<string> => {
  await debianBase("bookworm", "bookworm", ["updates", "security"]);
  return "localhost/bookworm";
};

/** `docker build` of an application on apt packages; the code is what `app` says. */
async function aptImage(tag: string, base: string, packages: string, app = "base"): Promise<void> {
  const context = workPath("contexts", "apt", app);
  writeFileSync(join(context, "app.py"), `import numpy\nprint("${app}", numpy.__version__)\n`);
  const dockerfile = `FROM ${base}\n${aptInstall(packages)}\nCOPY app.py /app/app.py\nCMD ["python3", "/app/app.py"]\n`;
  await build({ tag, context, dockerfile });
}

/** An image whose layer is one version of an npm package, as `npm install` would leave it (times are now). */
async function npmImage(tag: string, name: string, version: string): Promise<void> {
  const context = workPath("contexts", `${name}-${version}`);
  const tarball = join(context, "package.tgz");
  if (!existsSync(tarball)) {
    await run("npm", ["pack", `${name}@${version}`, "--pack-destination", context, "--silent"], {
      quiet: true,
    });
    renameSync(join(context, `${name}-${version}.tgz`), tarball);
  }
  const unpacked = join(context, "tree", "node_modules", name);
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  await run("tar", ["-xzmf", tarball, "-C", unpacked, "--strip-components=1", "--no-same-owner"]);
  const base = await newestBookworm();
  await build({
    tag,
    context: join(context, "tree"),
    dockerfile: `FROM ${base}\nCOPY . /app\nWORKDIR /app\n`,
  });
}

export const pairs: readonly Pair[] = [
  {
    id: "a",
    title: "same Dockerfile (python3-numpy) rebuilt without cache",
    async make() {
      const base = await newestBookworm();
      await aptImage("a-old", base, "python3-numpy");
      await aptImage("a-new", base, "python3-numpy");
      return { old: "a-old", new: "a-new" };
    },
  },
  {
    id: "b",
    title: "one Debian package more in the same RUN (numpy, then numpy and scipy)",
    async make() {
      const base = await newestBookworm();
      await aptImage("b-old", base, "python3-numpy");
      await aptImage("b-new", base, "python3-numpy python3-scipy");
      return { old: "b-old", new: "b-new" };
    },
  },
  {
    id: "c",
    title: "base image updated (security fixes) under an unchanged application",
    async make() {
      const include = ["ca-certificates", "curl", "git", "openssl", "python3"];
      await debianBase("release", "bookworm", [], include);
      await debianBase("updated", "bookworm", ["updates", "security"], include);
      await aptImage("c-old", "localhost/release", "python3-numpy");
      await aptImage("c-new", "localhost/updated", "python3-numpy");
      return { old: "c-old", new: "c-new" };
    },
  },
  {
    id: "d",
    title: "python3-torch application, code changed, built by a CI that has no layer cache",
    async make() {
      const base = await newestBookworm();
      await aptImage("d-old", base, "python3-torch", "base");
      await aptImage("d-new", base, "python3-torch", "changed");
      return { old: "d-old", new: "d-new" };
    },
  },
  npmPair("e", "patch release of a native library", "1.20.0", "1.20.1"),
  npmPair("f", "minor release of a native library", "1.17.3", "1.18.0"),
  {
    id: "g",
    title: "two unrelated images (bookworm with numpy; trixie with nginx and ruby)",
    async make() {
      await aptImage("g-old", await newestBookworm(), "python3-numpy");
      await debianBase("trixie", "trixie", ["updates", "security"]);
      await aptImage("g-new", "localhost/trixie", "nginx ruby");
      return { old: "g-old", new: "g-new" };
    },
  },
];

function npmPair(id: string, what: string, from: string, to: string): Pair {
  return {
    id,
    title: `npm onnxruntime-node ${from} to ${to} in a layer (${what})`,
    async make() {
      await npmImage(`${id}-old`, "onnxruntime-node", from);
      await npmImage(`${id}-new`, "onnxruntime-node", to);
      return { old: `${id}-old`, new: `${id}-new` };
    },
  };
}

/** The layouts of a pair, built when they are not there yet. Names inside: `old` and `new`. */
export async function pairLayouts(pair: Pair): Promise<{ old: string; new: string }> {
  const folder = join(workFolder, "pairs", pair.id);
  if (!existsSync(folder)) {
    process.stderr.write(`building pair (${pair.id}): ${pair.title}\n`);
    const partial = workPath("pairs", `${pair.id}.partial`);
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const tags = await pair.make();
    await exportLayout(tags.old, join(partial, "old"), "old");
    await exportLayout(tags.new, join(partial, "new"), "new");
    renameSync(partial, folder);
  }
  return { old: join(folder, "old"), new: join(folder, "new") };
}

/** Builds the named pairs (all when none is named), then gives the build store back. */
export async function buildPairs(ids: readonly string[]): Promise<void> {
  for (const pair of pairs) if (ids.length === 0 || ids.includes(pair.id)) await pairLayouts(pair);
  await dropStore();
}
