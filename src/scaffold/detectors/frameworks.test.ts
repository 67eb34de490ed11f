import { describe, expect, it } from "vitest";
import { detectIn } from "../detect.ts";
import { filesIn } from "../project-files.ts";
import { type Files, uv } from "../testing/small-projects.ts";

const names = (files: Files): string[] => detectIn(filesIn(files)).frameworks.map(({ value }) => value.name);

describe("frameworks", () => {
  it.each<[string, Files, object]>([
    [
      "pinned",
      { "requirements.txt": "torch==2.5.1\n" },
      { name: "torch", version: "2.5.1", build: "open", cuda: undefined },
    ],
    [
      "by an index",
      { "requirements.txt": "--extra-index-url https://download.pytorch.org/whl/cu121\ntorch\n" },
      { name: "torch", build: "cuda", cuda: "12.1" },
    ],
    [
      "for CPU",
      { "requirements.txt": "torch==2.5.1+cpu\n" },
      { name: "torch", version: "2.5.1", build: "cpu" },
    ],
    [
      "by uv's sources",
      {
        "pyproject.toml": `${uv}[[tool.uv.index]]\nname = "cpu"\nurl = "https://download.pytorch.org/whl/cpu"\nexplicit = true\n[tool.uv.sources]\ntorch = { index = "cpu" }\n`,
      },
      { name: "torch", build: "cpu" },
    ],
    [
      "by conda",
      { "environment.yml": "dependencies:\n  - pytorch=2.1.0\n  - pytorch-cuda=11.8\n" },
      { name: "torch", version: "2.1.0", build: "cuda", cuda: "11.8" },
    ],
    [
      "cpuonly",
      { "environment.yml": "dependencies:\n  - pytorch=2.1.0\n  - cpuonly\n" },
      { name: "torch", build: "cpu" },
    ],
    [
      "by a lock file",
      {
        "pyproject.toml": uv.replace("==2.5.1", ""),
        "uv.lock": '[[package]]\nname = "torch"\nversion = "2.9.1+cu128"\n',
      },
      { name: "torch", version: "2.9.1", build: "cuda", cuda: "12.8" },
    ],
    ["through another", { "requirements.txt": "ultralytics\n" }, { name: "torch", version: undefined }],
    ["by imports", { "train.py": "import torch\n" }, { name: "torch" }],
    [
      "jax",
      { "requirements.txt": "jax[cuda12]==0.5.0\n" },
      { name: "jax", version: "0.5.0", build: "cuda", cuda: "12" },
    ],
    [
      "onnxruntime",
      { "requirements.txt": "onnxruntime-gpu==1.20.0\n" },
      { name: "onnxruntime-gpu", build: "cuda" },
    ],
  ])("%s", (_, contents, framework) => {
    expect(detectIn(filesIn(contents)).frameworks[0]?.value).toMatchObject(framework);
  });

  it("takes of the extras those that the README or a Dockerfile installs", () => {
    const pyproject =
      '[project]\nname = "x"\ndependencies = ["torch"]\n[project.optional-dependencies]\nexport = ["onnxruntime"]\nllm = ["vllm"]\n';
    expect(names({ "pyproject.toml": pyproject })).toEqual(["torch"]);
    expect(names({ "pyproject.toml": pyproject, "README.md": 'pip install -e ".[llm]"\n' })).toEqual([
      "torch",
      "vllm",
    ]);
    expect(
      names({ "pyproject.toml": pyproject, Dockerfile: "FROM python:3.12\nRUN pip install .[export]\n" }),
    ).toEqual(["torch", "onnxruntime"]);
  });

  it("leaves CuPy out where only an extra for hardware has it", () => {
    const pyproject =
      '[project]\nname = "x"\ndependencies = ["numpy"]\n[project.optional-dependencies]\ncuda12x = ["cupy-cuda12x"]\n';
    expect(names({ "pyproject.toml": pyproject })).toEqual([]);
  });

  it("does not take what tests need, or what a string names", () => {
    const files = {
      "requirements.txt": "flask\n",
      "requirements-dev.txt": "torch\n",
      "app.py": 'x = """\nimport torch\n"""\n',
    };
    expect(detectIn(filesIn(files)).frameworks).toEqual([]);
  });
});
