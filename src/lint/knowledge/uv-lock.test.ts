import { expect, test } from "vitest";
import { readDockerfile } from "../../dockerfile/read.ts";
import { torchCpuResolvesCuda } from "../rules/torch-cpu-resolves-cuda.ts";
import { contextFor, messagesOf } from "../testing/check.ts";
import { lockedPackages, lockOf } from "./uv-lock.ts";
import { torchInstalls } from "./torch-builds.ts";

const lock = `version = 1

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "timm" },
    { name = "pyobjc", marker = "sys_platform == 'darwin'" },
]

[package.optional-dependencies]
dev = [
    { name = "pytest" },
]

[[package]]
name = "pyobjc"
version = "10.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "timm"
version = "1.0.12"
source = { registry = "https://pypi.org/simple" }
dependencies = [
    { name = "torch" },
]

[[package]]
name = "torch"
version = "2.5.1"
source = { registry = "https://pypi.org/simple" }
`;
const dockerfile = "FROM python:3.12-slim AS cpu\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked\n";

test("a uv.lock is followed from the project to what its dependencies need, on Linux and without extras", () => {
  const found = lockOf(readDockerfile(dockerfile), contextFor({ files: { "uv.lock": lock } }));
  expect(found?.path).toBe("uv.lock");
  const names = found === undefined ? [] : lockedPackages(found).map((one) => one.name + one.version);
  expect(names.sort()).toEqual(["timm==1.0.12", "torch==2.5.1"]);
});

test("uv sync with a torch of PyPI in its lock brings CUDA to a CPU image, one of the CPU index does not", () => {
  const files = { "uv.lock": lock };
  expect(messagesOf(torchCpuResolvesCuda, dockerfile, { files })).toEqual([
    "torch (uv.lock) brings torch for CUDA, about 4.5 GB on disk, though the stage is called cpu; the CPU build has 700 MB",
  ]);
  const cpu = lock.replace(
    'version = "2.5.1"\nsource = { registry = "https://pypi.org/simple" }',
    'version = "2.5.1+cpu"\nsource = { registry = "https://download.pytorch.org/whl/cpu" }',
  );
  expect(messagesOf(torchCpuResolvesCuda, dockerfile, { files: { "uv.lock": cpu } })).toEqual([]);
});

test.each([
  ["pip install torch", "pypi"],
  ["pip install torch -i https://pypi.org/simple", "pypi"],
  ["pip install torch --index-url https://download.pytorch.org/whl/cpu", "cpu"],
  ["PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cu124 pip install torch", "cuda"],
  ["uv pip install --torch-backend=cpu torch", "cpu"],
  ["uv pip install --torch-backend=auto torch", "other"],
  ["pip install torch --index-url https://mirror.lab.example/simple", "other"],
  ["pip install torch --index-url https://download.pytorch.org/whl/$BUILD", "unknown"],
  ["pip install --extra-index-url https://download.pytorch.org/whl/rocm6.2 torch", "rocm"],
])("%s takes torch from %s", (command, kind) => {
  const file = readDockerfile(`FROM python:3.12\nRUN ${command}\n`);
  expect(torchInstalls(file, contextFor({})).map((one) => one.index.kind)).toEqual([kind]);
});

test("torch that is there already is not installed again for what needs it", () => {
  const file = readDockerfile(
    "FROM python:3.12\nRUN pip install torch --index-url https://download.pytorch.org/whl/cpu\nRUN pip install ultralytics\n",
  );
  expect(torchInstalls(file, contextFor({})).map((one) => one.asked.name)).toEqual(["torch"]);
});
