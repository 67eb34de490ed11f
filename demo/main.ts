/**
 * `npm run demo`: the main job on real input with nothing but Node and npm. Two images are made from what npm has
 * installed here, diffed, loaded where only the old one is, checked, and the saving is printed.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { copyFolder } from "./files.ts";
import { buildImage, copyImage } from "./image.ts";
import { seeImage, verifyImage } from "./verify.ts";

const repository = join(import.meta.dirname, "..");
const work = mkdtempSync(join(tmpdir(), "ddiff-demo-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** Caches, and tools that an image would not carry. */
const notShipped = [
  ".bin",
  ".cache",
  ".vite",
  ".vite-temp",
  "@biomejs",
  "@oxlint",
  "@oxlint-tsgolint",
  "@rolldown",
];

/** Runs the real command line in the work folder, as a user would type it. */
async function ddiff(...args: string[]): Promise<void> {
  say(`\n$ ddiff ${args.join(" ")}`);
  const child = spawn(process.execPath, [join(repository, "src", "main.ts"), ...args], {
    cwd: work,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, XDG_CACHE_HOME: join(work, "cache") },
  });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`ddiff ${args[0]} ended with status ${status}`);
}

/**
 * One build of the demo's image: the Node runtime, the packages of this project's node_modules and its code.
 * The second build is the same Dockerfile without cache, as in CI: all times are new, and a line of code differs.
 */
async function build(name: string, time: Date, greeting: string): Promise<void> {
  const runtime = dirname(dirname(process.execPath));
  const packages = join(repository, "node_modules");
  await buildImage(join(work, "workstation"), name, time, [
    {
      createdBy: "RUN install-node # buildkit",
      members: copyFolder(join(runtime, "bin"), "usr/local/bin", {
        time,
        without: ["npm", "npx", "corepack"],
      }),
    },
    {
      createdBy: "RUN npm ci # buildkit",
      members: copyFolder(packages, "app/node_modules", {
        time,
        without: [basename(runtime), ...notShipped],
      }),
    },
    {
      createdBy: "COPY . /app # buildkit",
      members: copyFolder(join(repository, "src"), "app/src", {
        time,
        edit: (path, text) => (path === "main.ts" ? `${text()}// ${greeting}\n` : undefined),
      }),
    },
  ]);
}

const bar = (bytes: number, full: number): string => {
  const width = 50;
  return "█".repeat(Math.max(1, Math.round((width * bytes) / full))).padEnd(width);
};

const begin = performance.now();
say("Building two real images from what npm has installed here: the Node runtime, the packages, the code.");
const now = Date.now();
await Promise.all([
  build("app-1", new Date(now - 30 * 86_400_000), "first version"),
  build("app-2", new Date(now), "second version"),
]);
const [older, newer] = [
  seeImage(join(work, "workstation"), "app-1"),
  seeImage(join(work, "workstation"), "app-2"),
];
const known = new Set(older.layers.map((layer) => layer.digest));
const registryBytes = newer.layers.reduce(
  (sum, layer) => sum + (known.has(layer.digest) ? 0 : layer.size),
  0,
);
say(`  app-1  ${older.layers.length} layers, ${megabytes(older.bytes)} packed`);
say(
  `  app-2  ${newer.layers.length} layers, ${megabytes(newer.bytes)} packed: rebuilt without cache, one line of code changed`,
);

// The offline server has the old image and nothing else.
copyImage(join(work, "workstation"), "app-1", join(work, "server"));

await ddiff("diff", "oci:workstation:app-1", "oci:workstation:app-2", "-o", "app-2.ddiff");
await ddiff("load", "app-2.ddiff", "--to", "oci:server:app-2");

const loaded = await verifyImage(join(work, "server"), "app-2", newer.id);
const sent = statSync(join(work, "app-2.ddiff")).size;
const seconds = (performance.now() - begin) / 1000;
say(`
Verified with Node alone: same image ID (${loaded.id.slice(0, 19)}…), all ${loaded.layers.length} layers have the content it names.

  by layers, as registries do  ${bar(registryBytes, registryBytes)} ${megabytes(registryBytes)}
  by what changed, with ddiff  ${bar(sent, registryBytes)} ${megabytes(sent)}

  ${Math.round(registryBytes / sent).toLocaleString("en")} times less to carry. (${seconds.toFixed(0)} s in all, building the images included.)`);
