import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { CheckJson } from "../../src/slim/check/reports/json.ts";
import { silent } from "../../src/util/progress.ts";
import { appConfig, appLayer, appPackages } from "./check-image.ts";
import { startPodman, type TestEngine } from "./engines.ts";
import { packagesTar, writeRealImage } from "./real-image.ts";
import { ddiff, type Ran, repository } from "./run.ts";
import { firstMissing, notRoot, toolMissing } from "./tools.ts";

/** Why no image can be made and run here without an engine, or undefined. */
export const rootlessMissing = firstMissing(notRoot(), toolMissing("unshare"), toolMissing("dpkg"));

/** A folder with images to check and what checks leave behind. */
export class CheckWorkshop {
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly #base: Buffer;
  #lists = 0;

  private constructor(folder: string, base: Buffer) {
    this.folder = folder;
    this.#base = base;
    this.env = { XDG_CACHE_HOME: join(folder, "cache"), DDIFF_TMPDIR: join(folder, "tmp") };
  }

  static async open(): Promise<CheckWorkshop> {
    const folder = await mkdtemp(join(tmpdir(), "ddiff-check-test-"));
    await mkdir(join(folder, "tmp"));
    return new CheckWorkshop(folder, await packagesTar(appPackages));
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** How an image of ours is called. */
  image(name: string): string {
    return `oci:${join(this.folder, "layout")}:${name}`;
  }

  /** Writes an image of Debian's packages and the application, with more layers above; answers its name. */
  async write(name: string, more: readonly Buffer[] = [], architecture?: string): Promise<string> {
    const context = { env: {}, progress: silent, tempDir: this.folder, insecure: false };
    const tars = [this.#base, appLayer(), ...more];
    await writeRealImage(this.image(name), tars, appConfig, context, architecture);
    return this.image(name);
  }

  /** Runs `ddiff check`. Whatever happens, nothing of it may lie about. */
  async check(args: readonly string[], more: Record<string, string> = {}, cwd = repository): Promise<Ran> {
    const ran = await ddiff(["check", "--timeout", "6", ...args], { env: { ...this.env, ...more }, cwd });
    expect(await readdir(join(this.folder, "tmp"))).toEqual([]);
    return ran;
  }

  /** The same with `--json`; an error fails the test. */
  async checked(
    args: readonly string[],
    more: Record<string, string> = {},
    cwd = repository,
  ): Promise<CheckJson & { status: number | null }> {
    const { stdout, stderr, status } = await this.check(["--json", ...args], more, cwd);
    const json = JSON.parse(stdout) as CheckJson & { error?: unknown };
    if (json.error !== undefined) throw new Error(`${stdout}${stderr}`);
    return { ...json, status };
  }

  /** Writes a checklist with these tests; answers its path. */
  async checklist(lines: string): Promise<string> {
    const file = join(this.folder, `checks-${++this.#lists}.yaml`);
    await writeFile(file, `schemaVersion: 2.0.0\n${lines}`);
    return file;
  }
}

/** How each check of a report ended, by its kind and name. */
export function outcomes({ reports }: CheckJson): Record<string, string> {
  const results = reports[0]?.results ?? [];
  return Object.fromEntries(results.map(({ kind, name, outcome }) => [`${kind} ${name}`, outcome]));
}

/** Where this machine's own limits are low, Podman's usual ones cannot be had. */
export async function startPodmanWithLimits(): Promise<TestEngine> {
  const engine = await startPodman();
  const config = join(engine.folder, "containers.conf");
  await writeFile(config, '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n');
  engine.env["CONTAINERS_CONF"] = config;
  return engine;
}
