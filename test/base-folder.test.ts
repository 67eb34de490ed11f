import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FolderServer, serveFolders } from "../bench/init/folder-server.ts";
import { testedPips, testedUvs } from "./support/link/workshop.ts";
import { ddiff, type Ran, repository } from "./support/run.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

const uv = testedUvs().at(-1)?.program;
const pip = testedPips().at(-1)?.wheel;
const missing = firstMissing(
  toolMissing("python3"),
  uv === undefined ? "$DDIFF_TEST_UV names no folder with uv" : undefined,
  pip === undefined ? "$DDIFF_TEST_PIP names no folder with wheels of pip" : undefined,
);

/** Some of what torch 2.5 and 2.6 both pin with CUDA 12.4. */
const shared = ["nvidia-cublas-cu12==12.4.5.8", "nvidia-nccl-cu12==2.21.5"];

/** Everything that torch 2.5 and 2.6 for CUDA 12.4 pin from PyPI. */
const pinned = [
  ...shared,
  "nvidia-cuda-cupti-cu12==12.4.127",
  "nvidia-cuda-nvrtc-cu12==12.4.127",
  "nvidia-cuda-runtime-cu12==12.4.127",
  "nvidia-cudnn-cu12==9.1.0.70",
  "nvidia-cufft-cu12==11.2.1.3",
  "nvidia-curand-cu12==10.3.5.147",
  "nvidia-cusolver-cu12==11.6.1.9",
  "nvidia-cusparse-cu12==12.3.1.170",
  "nvidia-nvjitlink-cu12==12.4.127",
  "nvidia-nvtx-cu12==12.4.127",
];

describePlace("link", missing, () => {
  let folder: string;
  let packages: FolderServer;
  let python: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-base-folder-"));
    packages = await serveFolders();
    const index = join(folder, "simple");
    const script = join(repository, "bench", "base", "tiny_wheels.py");
    execFileSync("python3", [script, index, "2.5.1=0.20.1", "2.6.0=0.21.0", ...pinned]);
    const page = join(index, "pip");
    await mkdir(page);
    const wheel = basename(pip ?? "");
    await copyFile(pip ?? "", join(page, wheel));
    await writeFile(join(page, "index.html"), `<a href="${wheel}">${wheel}</a>\n`);
    packages.add("simple", index);
    const ask = ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"];
    python = execFileSync("python3", ask, { encoding: "utf8" }).trim();
  }, 60_000);
  afterAll(async () => {
    await packages?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  async function run(...args: string[]): Promise<Ran> {
    const env = {
      PATH: `${dirname(uv ?? "")}${delimiter}${process.env["PATH"]}`,
      UV_CACHE_DIR: join(folder, "cache"),
    };
    return ddiff(["base", ...args], { cwd: folder, env });
  }

  async function build(torches: string, base: string): Promise<Ran> {
    const text = `version: 1\nos: ubuntu22.04\ncuda: 12.4.1\npython: [${python}]\ntorch: ${torches}\nindexes: {pypi: "${packages.url}/simple"}\n`;
    await writeFile(join(folder, "base.yaml"), text);
    return run("build", "--folder", base);
  }

  test("a base in a folder has what torches share once, works, and its parts do not depend on each other", async () => {
    const base = join(folder, "base");
    const built = await build("[2.5.1, 2.6.0]", base);
    expect(built.status, built.stderr).toBe(0);
    for (const wheel of shared) {
      const library = `lib${wheel.split("-")[1]}.so`;
      const found = await filesCalled(base, library);
      expect(found.files).toEqual([expect.stringContaining(join(base, "wheels", wheel.replace("==", "-")))]);
      expect(found.links).toHaveLength(2);
    }
    const checked = await run("check", base);
    expect(checked.stdout).toMatch(/^passed {2}torch 2\.5\.1\+cu124 .*\npassed {2}torch 2\.6\.0\+cu124 /);
    expect(checked.status).toBe(0);

    const torch = await treeOf(join(base, `python${python}`, "torch2.6.0"));
    await rm(base, { recursive: true });
    expect((await build("[2.6.0]", base)).status).toBe(0);
    expect(await treeOf(join(base, `python${python}`, "torch2.6.0"))).toEqual(torch);
  }, 120_000);

  test("check says no where a torch is not what it says", async () => {
    const base = join(folder, "broken");
    expect((await build("[2.6.0]", base)).status).toBe(0);
    const site = join(base, `python${python}`, "torch2.6.0", "torch");
    await rm(join(site, "__pycache__"), { recursive: true });
    await writeFile(join(site, "__init__.py"), "raise ImportError('libcudart.so.12: cannot open')\n");
    const checked = await run("check", base);
    expect(checked.stdout).toContain("cannot open");
    expect(checked.status).toBe(1);
  }, 120_000);

  test("being stopped ends uv as well, and leaves nothing half done", async () => {
    const [tools, base] = [join(folder, "tools"), join(folder, "stopped")];
    const pid = join(folder, "pid");
    await mkdir(tools);
    const slow = `#!/bin/sh\ncase "$*" in --version) echo uv 0.9.0;; *compile*) cat;; *install*) echo $$ > ${pid}; exec sleep 60;; esac\n`;
    await writeFile(join(tools, "uv"), slow, { mode: 0o755 });
    const definition = `version: 1\nos: ubuntu22.04\ncuda: cpu\npython: [${python}]\ntorch: [2.6.0]\n`;
    await writeFile(join(folder, "slow.yaml"), definition);
    const ran = await ddiff(["base", "build", "--file", "slow.yaml", "--folder", base], {
      cwd: folder,
      env: { PATH: `${tools}${delimiter}${process.env["PATH"]}` },
      whileRunning: (child) => void waitForFile(pid).then(() => child.kill("SIGTERM")),
    });
    expect(ran.status).toBe(143);
    const uvs = Number(await readFile(pid, "utf8"));
    await expect.poll(() => isRunning(uvs), { timeout: 5000 }).toBe(false);
    await expect.poll(() => readdir(join(base, `python${python}`)), { timeout: 5000 }).toEqual([]);
  }, 30_000);

  test.each([
    ["a folder that is no base", ["check", "."], 3, /holds no image|no base/],
    ["an option of another action", ["list", "--date", "251205"], 2, /base list has no --date/],
    ["a day that is none", ["build", "--date", "251341"], 2, /--date takes a day/],
    ["no definition", ["render", "--file", "nothing.yaml"], 3, /there is no nothing\.yaml/],
    ["a file that is there", ["init", "base.yaml"], 3, /base\.yaml is there already/],
  ] as const)("%s is an error with a hint", async (_name, args, status, message) => {
    const ran = await run(...args);
    expect(ran.stderr).toMatch(message);
    expect(ran.status).toBe(status);
  });
});

async function waitForFile(path: string): Promise<void> {
  while (!existsSync(path) || readFileSync(path).length === 0) await sleep(20);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function filesCalled(folder: string, name: string): Promise<{ files: string[]; links: string[] }> {
  const files: string[] = [];
  const links: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.name !== name) continue;
    (entry.isSymbolicLink() ? links : files).push(join(entry.parentPath, entry.name));
  }
  return { files, links };
}

/** Every file of a folder with its content, sorted. */
async function treeOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) return `${path} ${await readlink(path)}`;
    return entry.isFile() ? `${path} ${(await readFile(path)).toString("base64")}` : path;
  });
  return (await Promise.all(lines)).sort();
}
