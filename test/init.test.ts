import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const main = join(import.meta.dirname, "..", "src", "main.ts");
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ddiff-init-"));
  put(
    "pyproject.toml",
    `[project]
name = "detector"
version = "0.1.0"
requires-python = ">=3.11,<3.13"
dependencies = ["fastapi>=0.115", "uvicorn>=0.30", "torch==2.9.1"]
`,
  );
  put(
    "app/main.py",
    `from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
`,
  );
  put("train.py", 'if __name__ == "__main__":\n    print("training")\n');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("ddiff init", () => {
  it("writes everything, does nothing the second time, and checks", async () => {
    const first = await ddiff("init", "--yes", "--gpu", "rtx4090", "--driver", "550");
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(/CUDA +12\.8 .*driver 550/);
    expect(first.stdout).toMatch(/Python +3\.12 +pyproject\.toml:4 /);
    for (const path of [
      "Dockerfile",
      "compose.yaml",
      "compose.gpu.yaml",
      ".dockerignore",
      "ddiff.yaml",
      "k8s/serve/gpu/kustomization.yaml",
      ".github/workflows/images.yml",
      ".devcontainer/devcontainer.json",
    ])
      expect(existsSync(join(folder, path)), path).toBe(true);
    const before = snapshot();
    expect((await ddiff("init", "--yes")).stdout).toContain("0 files written");
    expect(snapshot()).toEqual(before);
    expect(await ddiff("init", "--check")).toMatchObject({ status: 0 });
  });

  it("takes nothing from anybody without a yes", async () => {
    const own = "FROM scratch\n# mine\n";
    put("Dockerfile", own);
    const first = await ddiff("init", "--yes");
    expect(first.status).toBe(1);
    expect(first.stdout).toContain("left: Dockerfile");
    expect(read("Dockerfile")).toBe(own);
    put("compose.yaml", `${read("compose.yaml")}# a line of mine\n`);
    const second = await ddiff("init", "--yes", "--port", "9000");
    expect(second.stdout).toMatch(/left: Dockerfile, compose\.yaml/);
    expect(read("compose.yaml")).toContain("# a line of mine");
    expect(read("k8s/serve/base/deployment.yaml")).toContain("containerPort: 9000");
    expect((await ddiff("init", "--force")).status).toBe(0);
    expect(read("Dockerfile")).toContain("AS serve-cpu");
    expect(await ddiff("init", "--check")).toMatchObject({ status: 0 });
  });

  it("leaves alone what ddiff.yaml says is yours", async () => {
    await ddiff("init", "--yes");
    put("compose.yaml", "services: {}\n");
    put("ddiff.yaml", read("ddiff.yaml").replace("yours: []", "yours:\n  - compose.yaml"));
    expect((await ddiff("init", "--yes")).status).toBe(0);
    expect(await ddiff("init", "--check")).toMatchObject({ status: 0 });
    expect((await ddiff("init", "--force")).status).toBe(0);
    expect(read("compose.yaml")).toBe("services: {}\n");
  });

  it("keeps what somebody wrote into ddiff.yaml", async () => {
    await ddiff("init", "--yes");
    const [head = "", tail = ""] = read("ddiff.yaml").split("choices: {}\n");
    put("ddiff.yaml", `${head}choices:\n  # as the proxy has it\n  port: 9000   # was 8000\n${tail}`);
    expect((await ddiff("init", "--yes", "--gpu", "none")).status).toBe(0);
    const after = read("ddiff.yaml");
    expect(after).toContain("choices:\n  gpus: []\n  # as the proxy has it\n  port: 9000 # was 8000\n");
    expect(after.slice(0, head.length)).toBe(head);
    expect(await ddiff("init", "--check")).toMatchObject({ status: 0 });
  });

  it("says with --check what drifted, because the file or because the project changed", async () => {
    expect(await ddiff("init", "--check")).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("ddiff.yaml") as string,
    });
    await ddiff("init", "--yes");
    put("Dockerfile", read("Dockerfile").replace("USER 10001:10001", "USER root"));
    const file = await ddiff("init", "--check");
    expect(file.status).toBe(1);
    expect(file.stdout).toContain("-USER root\n+USER 10001:10001");
    await ddiff("init", "--force");
    put("pyproject.toml", read("pyproject.toml").replace("2.9.1", "2.5.1"));
    const project = await ddiff("init", "--check", "--json");
    expect(project.status).toBe(1);
    expect(JSON.parse(project.stdout)).toMatchObject({
      drifted: true,
      changed: expect.arrayContaining([{ name: "torch", before: "2.9.1", after: "2.5.1" }]) as unknown,
    });
  });

  it("remembers what a Dockerfile said that it overwrote", async () => {
    put("Dockerfile", 'FROM python:3.11\nCOPY . .\nCMD ["python", "train.py", "--epochs", "3"]\n');
    await ddiff("init", "--force", "--gpu", "none");
    const before = snapshot();
    expect((await ddiff("init", "--yes")).stdout).toContain("0 files written");
    expect(snapshot()).toEqual(before);
  });

  it("shows with --dry-run a patch that git takes, and writes nothing", async () => {
    const shown = await ddiff("init", "--dry-run");
    expect(shown.status).toBe(0);
    expect(existsSync(join(folder, "Dockerfile"))).toBe(false);
    expect(existsSync(join(folder, "ddiff.yaml"))).toBe(false);
    await run("git", ["init", "-q", folder]);
    await run("git", ["-C", folder, "apply", "--whitespace=nowarn", "-"], shown.stdout);
    const applied = snapshot();
    const { stdout } = await ddiff("init", "--yes");
    expect(stdout).toContain("0 files written");
    expect(snapshot()).toMatchObject(applied);
  });

  it("refuses what cannot be, with the nearest that can, and writes nothing", async () => {
    const refused = await ddiff("init", "--yes", "--gpu", "rtx5090", "--cuda", "12.6");
    expect(refused).toMatchObject({ status: 3, stdout: "" });
    expect(refused.stderr).toMatch(/no code for GeForce RTX 5090[^]*--cuda 1[23]\.\d/);
    expect(existsSync(join(folder, "ddiff.yaml"))).toBe(false);
    const slip = await ddiff("init", "--yes", "--only", "dockerfile,composse");
    expect(slip).toMatchObject({ status: 2, stderr: expect.stringContaining("--only") as string });
  });

  it("takes what is said about the project for what it found, the next time too", async () => {
    put("uv.lock", 'version = 1\n[[package]]\nname = "torch"\nversion = "2.9.1"\n');
    const words =
      "--manager pip --framework none --system libzstd1 --weights-folder ./nets/ --data-folder inputs --source app";
    const first = await ddiff("init", "--yes", ...words.split(" "));
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(/packages by +pip +asked for\n/);
    expect(first.stdout).toMatch(/framework +none +asked for\n/);
    const dockerfile = read("Dockerfile");
    expect(dockerfile).toMatch(/apt-get install [^]*libzstd1/);
    expect(dockerfile).toMatch(/pip --python [^]*AS serve-cpu/);
    expect(dockerfile).not.toMatch(/uv sync|-gpu|train\.py \.\//);
    expect(read("compose.yaml")).toContain("./nets:/app/nets:ro");
    expect(read(".dockerignore")).toMatch(/^inputs$/m);
    const before = snapshot();
    expect((await ddiff("init", "--yes")).stdout).toContain("0 files written");
    expect(snapshot()).toEqual(before);
    expect((await ddiff("variants")).stdout).not.toMatch(/cu1\d|torch/);
  });

  it.each([
    ["--manager pixi", 3, /pixi cannot install the packages of this project: it needs a pixi\.toml/],
    ["--manager npm", 2, /--manager/],
    ["--framework torhc", 2, /--framework: .*"torch"/],
    ["--weights-folder ../nets", 2, /--weights-folder: a path in the project/],
    ["--system a&&b", 2, /--system: a package of Debian/],
    ["--without fmpeg", 2, /--without: a need of the system/],
  ])("refuses %s", async (words, status, why) => {
    const refused = await ddiff("init", "--yes", ...words.split(" "));
    expect(refused.status).toBe(status);
    expect(refused.stderr).toMatch(why);
    expect(existsSync(join(folder, "ddiff.yaml"))).toBe(false);
  });

  it("asks nobody where nobody sits", async () => {
    const asked = await ddiff("init");
    expect(asked).toMatchObject({ status: 2, stderr: expect.stringContaining("--yes") as string });
  });

  it("writes only what is asked for, and remembers that", async () => {
    await ddiff("init", "--yes", "--only", "dockerfile", "--target", "serve-cpu");
    expect(readdirSync(folder).sort()).toEqual([
      "Dockerfile",
      "app",
      "ddiff.yaml",
      "pyproject.toml",
      "train.py",
    ]);
    expect(read("Dockerfile")).not.toMatch(/AS (?:train|dev|serve-gpu)/);
    expect((await ddiff("init", "--yes")).stdout).toContain("0 files written, 1 unchanged");
  });

  it("does not follow a link out of the project, and keeps the mode of a file", async () => {
    const outside = mkdtempSync(join(tmpdir(), "ddiff-outside-"));
    symlinkSync(outside, join(folder, "k8s"));
    const refused = await ddiff("init", "--yes");
    expect(refused).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("outside of the project") as string,
    });
    expect(readdirSync(outside)).toEqual([]);
    rmSync(join(folder, "k8s"));
    symlinkSync(join(outside, "stolen"), join(folder, "compose.yaml"));
    expect((await ddiff("init", "--yes")).stdout).toContain("left: compose.yaml");
    expect((await ddiff("init", "--force")).status).toBe(0);
    expect(readdirSync(outside)).toEqual([]);
    chmodSync(join(folder, "Dockerfile"), 0o640);
    await ddiff("init", "--yes", "--port", "9000");
    expect(statSync(join(folder, "Dockerfile")).mode & 0o777).toBe(0o640);
    rmSync(outside, { recursive: true });
  });

  it("refuses a broken ddiff.yaml instead of starting anew", async () => {
    await ddiff("init", "--yes");
    put("ddiff.yaml", read("ddiff.yaml").replace("version: 1", "version: 9"));
    const before = snapshot();
    expect(await ddiff("init", "--yes")).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("version") as string,
    });
    expect(snapshot()).toEqual(before);
  });
});

describe("ddiff variants", () => {
  it("lists each image with its tag, and the matrix that builds it", async () => {
    const { stdout } = await ddiff("variants", "--driver", "550", "--json");
    const { variants, left, matrix } = JSON.parse(stdout) as {
      variants: { stage: string; tag: string; size: { compressed: number } }[];
      left: { cuda: string }[];
      matrix: { include: { runner: string }[] };
    };
    const tags = variants.filter((one) => one.stage === "serve-gpu").map((one) => one.tag);
    expect(tags).toEqual(["cu12.8.1-py3.12-torch2.9.1", "cu12.6.3-py3.12-torch2.9.1"]);
    expect(left.map((one) => one.cuda)).toEqual(["13.0"]);
    const size = (stage: string) => variants.find((one) => one.stage === stage)?.size.compressed ?? 0;
    expect(size("serve-gpu")).toBeGreaterThan(5 * size("serve-cpu"));
    expect(matrix.include.map((one) => one.runner)).toContain("ubuntu-24.04-arm");
    expect(existsSync(join(folder, "ddiff.yaml"))).toBe(false);
  });

  it("makes each variant by the words that it gives", async () => {
    const { stdout } = await ddiff("variants", "--cuda", "12.6", "--matrix");
    const { include } = JSON.parse(stdout) as { include: { stage: string; init: string; tag: string }[] };
    const one = include.find((entry) => entry.stage === "serve-gpu");
    await ddiff(...(one?.init.split(" ") ?? []));
    expect(read("k8s/serve/gpu/kustomization.yaml")).toContain(`newTag: ${one?.tag}`);
  });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function read(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}

/** Every file's text by its path, .git left out. */
function snapshot(): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && !one.parentPath.includes("/.git/") && !one.parentPath.endsWith("/.git"))
    .map((one) => join(one.parentPath, one.name));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, "utf8")]));
}

function ddiff(...words: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return run(process.execPath, [main, ...words]);
}

function run(
  program: string,
  words: string[],
  input = "",
): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const child = execFile(program, words, { cwd: folder, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
