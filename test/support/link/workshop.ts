import { execFile, execFileSync } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** How a program ended. */
export interface Ended {
  readonly status: number;
  readonly output: string;
}

/** The folders with uv that $DDIFF_TEST_UV names, as installed by `pip install --target`, by their versions; oldest first. */
export function testedUvs(): { version: string; program: string }[] {
  return (process.env["DDIFF_TEST_UV"] ?? "")
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => {
      const program = join(folder, "bin", "uv");
      return {
        version: execFileSync(program, ["--version"], { encoding: "utf8" }).split(" ")[1]?.trim() ?? "",
        program,
      };
    });
}

/** The wheels of pip in the folder that $DDIFF_TEST_PIP names, by their versions; oldest first. */
export function testedPips(): { version: string; wheel: string }[] {
  const folder = process.env["DDIFF_TEST_PIP"];
  if (folder === undefined) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const version = /^pip-([\d.]+)-/.exec(name)?.[1];
      return version === undefined ? [] : [{ version, wheel: join(folder, name) }];
    })
    .sort((one, other) => one.version.localeCompare(other.version, "en", { numeric: true }));
}

/** A folder with indexes of tiny wheels, and projects that are linked to bases made of them. */
export class LinkWorkshop {
  readonly folder: string;
  readonly #uv: string;

  private constructor(folder: string, uv: string) {
    this.folder = folder;
    this.#uv = uv;
  }

  static async open(uv: string): Promise<LinkWorkshop> {
    const shop = new LinkWorkshop(await mkdtemp(join(tmpdir(), "ddiff-link-")), uv);
    execFileSync("python3", [
      join(import.meta.dirname, "fake_index.py"),
      shop.folder,
      ...testedPips().map(({ wheel }) => wheel),
    ]);
    return shop;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  index(name: "pypi" | "pytorch"): string {
    return `file://${this.folder}/${name}/simple`;
  }

  /** Makes a base with these torches of PyTorch's index, as a Dockerfile's RUN lines would. */
  async makeBase(name: string, torches: readonly string[]): Promise<string> {
    const base = join(this.folder, name);
    cpSync(join(import.meta.dirname, "../../../src/bases/inside"), join(base, "bin"), { recursive: true });
    const python = ["--python", pythonVersion];
    const index = ["--index", this.index("pytorch")];
    const run = async (...words: string[]): Promise<void> => {
      const { status, output } = await this.run("python3", [join(base, "bin/base.py"), ...words]);
      if (status !== 0) throw new Error(`base.py ${words.join(" ")}: ${output}`);
    };
    await run("common", ...python, "numpy==1.26.4", "jupyterlab");
    await run("wheels", ...python, ...index, "nvidia-cublas-cu12==12.4.5.8", "triton==3.1.0");
    for (const torch of torches)
      await run("torch", torch, ...python, ...index, `torchvision==0.${torch.slice(2)}`);
    await run("finish");
    return base;
  }

  /** A new project with these files. */
  async project(name: string, files: Record<string, string> = {}): Promise<TestProject> {
    const folder = join(this.folder, "projects", name);
    await mkdir(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
    return new TestProject(this, folder);
  }

  /** Runs a program with nothing of this machine's settings for uv and pip. */
  async run(
    program: string,
    words: readonly string[],
    cwd = this.folder,
    env: Record<string, string> = {},
  ): Promise<Ended> {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(?:UV|PIP|VIRTUAL_ENV|PYTHON|CONDA)/.test(name),
    );
    const all = {
      ...Object.fromEntries(own),
      PATH: `${join(this.#uv, "..")}${delimiter}${process.env["PATH"]}`,
      UV_CACHE_DIR: join(this.folder, "cache"),
      UV_DEFAULT_INDEX: this.index("pypi"),
      UV_PYTHON_DOWNLOADS: "never",
      PIP_INDEX_URL: this.index("pypi"),
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      PIP_ROOT_USER_ACTION: "ignore",
      ...env,
    };
    return new Promise((resolve) => {
      execFile(program, words, { cwd, env: all, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ status, output: stdout + stderr });
      });
    });
  }
}

/** 3.11, of the python3 that is here: bases are made for it. */
const pythonVersion = execFileSync("python3", ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], {
  encoding: "utf8",
}).trim();

/** A folder that is linked to bases. */
export class TestProject {
  readonly folder: string;
  readonly #shop: LinkWorkshop;

  constructor(shop: LinkWorkshop, folder: string) {
    this.#shop = shop;
    this.folder = folder;
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** site-packages. */
  site(...parts: string[]): string {
    return this.path(".venv/lib", `python${pythonVersion}`, "site-packages", ...parts);
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(this.path(file), text);
  }

  async read(file: string): Promise<string> {
    return readFile(this.path(file), "utf8");
  }

  run(program: string, ...words: string[]): Promise<Ended> {
    return this.#shop.run(program, words, this.folder);
  }

  /** Runs uv_init_torch of a base. */
  link(base: string, ...words: string[]): Promise<Ended> {
    return this.run(join(base, "bin/uv_init_torch"), ...words);
  }

  /** Runs ddiff from its source. */
  ddiff(...words: string[]): Promise<Ended> {
    return this.run(process.execPath, join(import.meta.dirname, "../../../src/main.ts"), ...words);
  }

  /** Evaluates an expression in the project's environment, with torch imported. */
  async ask(expression: string): Promise<string> {
    const { output } = await this.run(
      this.path(".venv/bin/python"),
      "-c",
      `import torch; print(${expression})`,
    );
    return output.trim();
  }
}
