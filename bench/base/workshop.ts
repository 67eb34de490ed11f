import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolImages } from "../../src/scaffold/bases.ts";
import { ddiff, type Ran } from "../../test/support/run.ts";
import { startServer } from "../../test/support/server.ts";
import { context, makeDebian } from "../init/base-images.ts";
import { type Engine, openEngine } from "../init/engine.ts";
import { type FolderServer, serveFolders } from "../init/folder-server.ts";

/** Programs that must be there. */
export const baseTools = ["buildah", "podman", "runc", "mmdebstrap", "unshare"] as const;

/** Builds bases with Buildah and real packages, on a Debian of Debian's packages and with uv from PyPI. */
export class BaseWorkshop {
  readonly engine: Engine;
  /** `127.0.0.1:41234`: a registry. */
  readonly registry: string;
  /** What stands in for PyTorch's folder of indexes: `index` has the wheels for CPUs. */
  readonly torchUrl: string;
  readonly index: string;
  /** The program uv. */
  readonly uv: string;
  readonly #close: () => Promise<void>;

  private constructor(parts: {
    engine: Engine;
    registry: string;
    packages: FolderServer;
    index: string;
    uv: string;
    close: () => Promise<void>;
  }) {
    this.engine = parts.engine;
    this.registry = parts.registry;
    this.torchUrl = `${parts.packages.url}/whl`;
    this.index = parts.index;
    this.uv = parts.uv;
    this.#close = parts.close;
  }

  /** `release` is Debian's, such as trixie. */
  static async open(release: string): Promise<BaseWorkshop> {
    const folder = await mkdtemp(join(tmpdir(), "ddiff-base-"));
    const server = await startServer(["--data", join(folder, "registry")]);
    const engine = await openEngine(folder, server.host);
    const packages = await serveFolders();
    const close = async (): Promise<void> => {
      await engine.close();
      await packages.stop();
      await server.stop("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await makeDebian(engine, release);
      const uv = await makeUv(engine);
      packages.add("whl", join(folder, "whl"));
      const index = join(folder, "whl", "cpu");
      await mkdir(index, { recursive: true });
      return new BaseWorkshop({ engine, registry: server.host, packages, index, uv, close });
    } catch (error) {
      await close().catch(() => {});
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Runs ddiff where it finds the engine. */
  async ddiff(...args: string[]): Promise<Ran> {
    const { folder, env } = this.engine;
    await mkdir(join(folder, "tmp"), { recursive: true });
    const own = {
      XDG_CACHE_HOME: join(folder, "cache"),
      DDIFF_TMPDIR: join(folder, "tmp"),
      DDIFF_FORCE_PODMAN: "1",
    };
    return ddiff(args, { env: { ...env, ...own, DDIFF_URL: `http://${this.registry}` }, cwd: folder });
  }

  /** Writes a definition and has it built under a name. Throws with what was said where it cannot be. */
  async build(name: string, definition: string): Promise<void> {
    const file = join(this.engine.folder, `${name.replaceAll(/\W/g, "-")}.yaml`);
    await writeFile(file, definition);
    const words = ["--", "buildah", "build", "--isolation", "chroot"];
    const built = await this.ddiff("base", "build", "--file", file, "--tag", name, ...words);
    if (built.status !== 0) throw new Error(`${built.stdout}\n${built.stderr}`);
  }

  /** Bytes of an image as Podman counts them. */
  async size(image: string): Promise<number> {
    return Number(await this.engine.run("podman", "image", "inspect", "--format", "{{.Size}}", image));
  }

  /** The steps of an image and their bytes, bottom first. */
  async history(image: string): Promise<{ step: string; bytes: number }[]> {
    const printed = await this.engine.run("podman", "history", "--no-trunc", "--format", "json", image);
    const steps = JSON.parse(printed) as { CreatedBy: string; size: number }[];
    return steps.map(({ CreatedBy, size }) => ({ step: CreatedBy, bytes: size })).reverse();
  }

  /** DiffIDs of an image, bottom first. */
  async layers(image: string): Promise<string[]> {
    const [inspected] = JSON.parse(await this.engine.run("podman", "image", "inspect", image)) as [
      { RootFS: { Layers: string[] } },
    ];
    return inspected.RootFS.Layers;
  }
}

/** Makes uv's image of PyPI's package, and answers the program. */
async function makeUv(engine: Engine): Promise<string> {
  const version = toolImages.uv.split(":").at(-1) ?? "";
  const folder = await context(engine, "uv", ["FROM scratch", "COPY made/bin/uv made/bin/uvx /"]);
  const made = join(folder, "made");
  // Debian's python3 has no pip of its own.
  await engine.run("python3", "-m", "venv", made);
  await engine.run(
    join(made, "bin", "pip"),
    "install",
    "-q",
    "--no-cache-dir",
    "--no-deps",
    `uv==${version}`,
  );
  await engine.build(folder, "-q", "-t", toolImages.uv);
  return join(made, "bin", "uv");
}
