import { describe, expect, it } from "vitest";
import { detectIn } from "../detect.ts";
import { filesIn } from "../project-files.ts";
import { type Files, uv } from "../testing/small-projects.ts";

describe("python", () => {
  it.each<[string, Files, string]>([
    ["a pin", { "pyproject.toml": uv, ".python-version": "3.11.4\n" }, "3.11"],
    ["the newest of a range that torch has wheels for", { "pyproject.toml": uv }, "3.12"],
    ["torch's wheels", { "requirements.txt": "torch==2.0.1\n" }, "3.11"],
    ["old numpy", { "requirements.txt": "numpy==1.19.5\n" }, "3.9"],
    [
      "the CUDA of the environment",
      { "environment.yml": "dependencies:\n  - pytorch>=1.13\n  - pytorch-cuda=11.7\n" },
      "3.11",
    ],
    ["conda", { "environment.yml": "dependencies:\n  - python=3.8.5\n" }, "3.8"],
    ["poetry", { "pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.10"\n' }, "3.10"],
    ["runtime.txt", { "requirements.txt": "flask\n", "runtime.txt": "python-3.9.7\n" }, "3.9"],
    [
      "the README's environment",
      { "requirements.txt": "flask\n", "README.md": "python3.10 -m venv .venv\n" },
      "3.10",
    ],
    ["a range that stays below", { "requirements.txt": "tensorflow<2.12\nnumpy<2\n" }, "3.10"],
    ["TensorFlow 1's use", { "train.py": "import tensorflow as tf\ns = tf.Session()\n" }, "3.7"],
    ["a Dockerfile", { "requirements.txt": "flask\n", Dockerfile: "FROM python:3.11-slim\n" }, "3.11"],
    ["nothing", { "requirements.txt": "flask\n" }, "3.13"],
  ])("of %s", (_, contents, python) => {
    expect(detectIn(filesIn(contents)).python.value).toBe(python);
  });
});
