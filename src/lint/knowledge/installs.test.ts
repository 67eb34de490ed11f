import { describe, expect, it } from "vitest";
import { readDockerfile } from "../../dockerfile/read.ts";
import { packageCommandsOf } from "./installs.ts";

function read(run: string) {
  const file = readDockerfile(`FROM x\nENV V=2.5.1\nRUN ${run}\n`);
  return packageCommandsOf(file, file.instructions).map((one) => [
    one.manager,
    one.action,
    one.packages.map((request) => request.name + request.version).join(" "),
    one.files.map((word) => word.value).join(" "),
  ]);
}

describe("commands of package managers", () => {
  it.each([
    ["apt-get -qq -o X=1 update", [["apt", "refresh", "", ""]]],
    [
      "apt-get install -y -t bookworm-backports git curl=7.8-1 libc6:amd64",
      [["apt", "install", "git curl=7.8-1 libc6", ""]],
    ],
    [
      "pip3.11 install --no-cache-dir -r req.txt 'torch>=2' Foo_Bar[all]==1",
      [["pip", "install", "torch>=2 foo-bar==1", "req.txt"]],
    ],
    ["python3 -m pip install torch==${V} .", [["pip", "install", "torch==2.5.1", "."]]],
    ["uv pip install --system --torch-backend cpu torch", [["uv-pip", "install", "torch", ""]]],
    ["uv sync --locked --no-dev", [["uv", "sync", "", ""]]],
    [
      "conda install -y -c pytorch -n base pytorch=2.1 conda-forge::numpy",
      [["conda", "install", "pytorch=2.1 numpy", ""]],
    ],
    [
      "mamba env create -f environment.yml && conda clean -afy",
      [
        ["conda", "install", "", "environment.yml"],
        ["conda", "clean", "", ""],
      ],
    ],
    ["conda run -n app pip install scipy", [["pip", "install", "scipy", ""]]],
    ["pixi install --locked -e prod", [["pixi", "sync", "", ""]]],
    ["sudo -E apt-get install -y git", [["apt", "install", "git", ""]]],
    ["apk add --no-cache --virtual .deps gcc", [["apk", "install", "gcc", ""]]],
    [
      "pip install git+https://github.com/x/y ./a.whl -e .",
      [["pip", "install", "", ". git+https://github.com/x/y ./a.whl"]],
    ],
    ["npm install -g @scope/tool@1.2 yarn", [["npm", "install", "@scope/tool@1.2 yarn", ""]]],
    ["pip cache purge", [["pip", "clean", "", ""]]],
    ["echo pip install x", []],
  ])("%s", (run, wanted) => {
    expect(read(run)).toEqual(wanted);
  });
});
