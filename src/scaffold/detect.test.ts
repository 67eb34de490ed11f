import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import { managerNames } from "./choices.ts";
import { detectIn, detectProject } from "./detect.ts";
import { filesIn } from "./project-files.ts";
import { fastapi, uv } from "./testing/small-projects.ts";

describe("the rest", () => {
  it("finds entry points, sources, needs, data and weights", () => {
    const project = detectIn(
      filesIn({
        "pyproject.toml": `${uv.replace('"fastapi"', '"opencv-python", "soundfile", "psycopg2", "x @ git+https://e.org/x.git"')}[project.scripts]\nmy-train = "pkg.train:main"\n`,
        "train.py": "import torch\nif __name__ == '__main__':\n    pass\n",
        "pkg/__init__.py": "",
        "pkg/train.py": "x = 1\n",
        "csrc/kernel.cu": "__global__ void f() {}\n",
        "weights/best.pt": "x",
        ".gitignore": "/data/\n",
        "tests/test_a.py": "x = 1\n",
        "explore.ipynb": "{}",
        Dockerfile: "FROM python:3.11\n",
      }),
      "Folder",
    );
    expect(project.name).toBe("my-app");
    expect(project.entryPoints.map(({ purpose, command }) => [purpose, command.join(" ")])).toEqual([
      ["train", "my-train"],
      ["train", "python train.py"],
    ]);
    expect(project.sources).toEqual(["csrc", "pkg", "train.py"]);
    expect(project.systemNeeds.map(({ value }) => value)).toEqual([
      "cuda-compiler",
      "git",
      "glib",
      "libgl",
      "libpq",
    ]);
    expect(project.dataFolders).toEqual(["data"]);
    expect(project.weightFolders).toEqual(["weights"]);
    expect(project.weights).toEqual([{ path: "weights/best.pt", size: 1 }]);
    expect(project.notebooks).toEqual(["explore.ipynb"]);
    expect(project.containerFiles).toEqual(["Dockerfile"]);
  });

  it("takes the libraries of conda's packages from conda", () => {
    const files = filesIn({
      "environment.yml": "dependencies:\n  - python=3.10\n  - opencv\n  - pip:\n    - pydub\n",
    });
    expect(detectIn(files).systemNeeds.map(({ value }) => value)).toEqual(["ffmpeg"]);
  });

  it("reads groups, extras and workspaces", () => {
    const project = detectIn(
      filesIn({
        "pyproject.toml": `${uv}[project.optional-dependencies]\ntrain = ["wandb"]\n[dependency-groups]\ndev = ["pytest", {include-group = "lint"}]\nlint = ["ruff", {include-group = "dev"}]\n[tool.uv.workspace]\nmembers = ["packages/*"]\n`,
        "packages/a/pyproject.toml": '[project]\nname = "a"\ndependencies = ["scipy"]\n',
      }),
    );
    expect(project.workspace).toEqual(["packages/a"]);
    expect(project.extras).toEqual(["train"]);
    const groups = Object.fromEntries(project.requirements.map(({ name, groups }) => [name, groups]));
    expect(groups).toMatchObject({
      torch: ["main"],
      wandb: ["train"],
      pytest: ["dev", "lint"],
      scipy: ["main"],
    });
  });
});

describe("hostile input", () => {
  const paths = [
    "pyproject.toml",
    "pixi.toml",
    "environment.yml",
    "requirements.txt",
    "uv.lock",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "Pipfile.lock",
    "DESCRIPTION",
    "renv.lock",
    "Dockerfile",
    "app.py",
    "x.ipynb",
    ".gitignore",
    "README.md",
    "pixi.lock",
  ];

  it.each([
    "[broken",
    "a: [b",
    "{",
    "\u0000\u0001",
    "&a [*a, *a]",
    "x = \n",
    "[[[[[[",
    "__proto__ = 1",
    "[tool]\npoetry = 1\nuv = []\n[project]\ndependencies = 3\n",
    "dependencies:\n  - 1\n  - {pip: 3}\n",
  ])("says what it could not read and never throws: %j", (text) => {
    const project = detectIn(filesIn(Object.fromEntries(paths.map((path) => [path, text]))));
    expect(project.python.value).toMatch(/^3\.\d+$/);
  });

  it("notes a broken file", () => {
    const { manager } = detectIn(filesIn({ "pyproject.toml": "[broken", "requirements.txt": "torch\n" }));
    expect(manager.value).toBe("pip");
    expect(manager.because.find(({ file }) => file === "pyproject.toml")?.says).toContain(
      "could not be read",
    );
  });

  it("notes a file that is too large", () => {
    const { manager } = detectIn(filesIn({ "pyproject.toml": uv, "uv.lock": "x".repeat(10_000_000) }));
    expect(manager.value).toBe("uv");
    expect(manager.because.some(({ file, says }) => file === "uv.lock" && says.includes("too large"))).toBe(
      true,
    );
  });

  it("reads any text", () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from("[]{}=\"'\n:-# .,a1<>@;()*&!|")),
      maxLength: 200,
    });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...paths), text),
        fc.constantFrom(undefined, ...managerNames),
        (contents, manager) => {
          try {
            detectIn(filesIn(contents), "", manager);
          } catch (error) {
            // A manager whose files are not there.
            if (manager === undefined || !isDdiffError(error, "IMPOSSIBLE")) throw error;
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("a folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "ddiff-detect-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is walked without environments and links", async () => {
    mkdirSync(join(folder, ".venv"));
    writeFileSync(join(folder, ".venv", "train.py"), "import torch\n");
    writeFileSync(join(folder, "serve.py"), fastapi);
    symlinkSync("/", join(folder, "everything"));
    symlinkSync("serve.py", join(folder, "train.py"));
    const project = await detectProject(folder);
    expect(project.sources).toEqual(["serve.py"]);
    expect(project.frameworks).toEqual([]);
    expect(project.serving?.value.target).toBe("serve:app");
    expect(project.name).toMatch(/^ddiff-detect-/);
  });

  it("has to be there", async () => {
    await expect(detectProject(join(folder, "none"))).rejects.toMatchObject({ code: "PROJECT_MISSING" });
  });
});
