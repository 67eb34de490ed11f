import { describe, expect, it } from "vitest";
import { detectIn } from "../detect.ts";
import { filesIn } from "../project-files.ts";
import type { Files } from "../testing/small-projects.ts";

describe("entry points", () => {
  const program = "import torch\nif __name__ == '__main__':\n    pass\n";
  it.each<[string, Files, string]>([
    [
      "a script that the README runs, without a guard",
      {
        "requirements.txt": "torch\n",
        "nets/acgan/acgan.py": "import torch\nprint(1)\n",
        "README.md": "cd nets/acgan\npython3 acgan.py\n",
      },
      "python nets/acgan/acgan.py",
    ],
    [
      "as the README runs it, by whatever slashes",
      {
        "requirements.txt": "torch\n",
        "src/__init__.py": "",
        "src/train.py": program,
        "README.md": "python .\\src\\train.py\n",
      },
      "python src/train.py",
    ],
    [
      "as a module where it imports what stands beside it with dots",
      {
        "requirements.txt": "torch\n",
        "net/train.py": `from .model import Net\n${program}`,
        "net/model.py": "x = 1\n",
      },
      "python -m net.train",
    ],
    [
      "as a script where what it imports stands beside it",
      {
        "requirements.txt": "torch\n",
        "net/__init__.py": "",
        "net/train.py": `import model\n${program}`,
        "net/model.py": "x = 1\n",
      },
      "python net/train.py",
    ],
    [
      "a workflow",
      { "pixi.toml": '[tasks]\nrun = "snakemake -j 1"\ndag = "snakemake --dag | dot"\n', Snakefile: "" },
      "snakemake -j 1",
    ],
    [
      "from the folder of a task",
      { "pixi.toml": '[tasks]\ntrain = { cmd = "python run.py", cwd = "jobs" }\n', "jobs/run.py": "x = 1\n" },
      "python jobs/run.py",
    ],
    [
      "by its path in the project, where the image has another",
      {
        "jobs/main.R": "x <- 1\n",
        Dockerfile: 'FROM rocker/r-ver:4.4\nCOPY jobs /job\nENTRYPOINT ["Rscript", "/job/main.R"]\n',
      },
      "Rscript jobs/main.R",
    ],
  ])("%s", (_, contents, command) => {
    expect(detectIn(filesIn(contents)).entryPoints[0]?.command.join(" ")).toBe(command);
  });

  it("takes no script in a library's folders, and none that others import, for what the project runs", () => {
    const files = {
      "pyproject.toml": '[project]\nname = "my_nets"\ndependencies = ["torch"]\n',
      "README.md": "pip install my-nets\n",
      "my_nets/__init__.py": "",
      "scripts/train_memory.py": program,
    };
    expect(detectIn(filesIn(files)).entryPoints.map(({ purpose }) => purpose)).toEqual(["other"]);
    const scripts = {
      "engine_finetune.py": "import torch\n",
      "main_finetune.py": `import engine_finetune\n${program}`,
    };
    expect(detectIn(filesIn(scripts)).entryPoints.map(({ command }) => command[1])).toEqual([
      "main_finetune.py",
    ]);
  });

  it("puts what trains before what prepares, and leaves a deployment's scripts behind", () => {
    const files = {
      "requirements.txt": "torch\n",
      "prepare_data.py": program,
      "docker/start.py": program,
      "main.py": program,
    };
    expect(detectIn(filesIn(files)).entryPoints.map(({ command }) => command[1])).toEqual([
      "main.py",
      "docker/start.py",
      "prepare_data.py",
    ]);
  });
});
