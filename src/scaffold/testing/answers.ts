import type { Answers, StageName } from "../answers.ts";
import { chooseBases } from "../bases.ts";
import { gpuNamed } from "../cuda/machine.ts";
import type { Framework, Manager } from "../project.ts";

/** Answers of one combination, with a name for a test. */
export interface Case {
  readonly title: string;
  readonly answers: Answers;
}

const all: readonly StageName[] = ["train-gpu", "train-cpu", "serve-gpu", "serve-cpu", "dev"];
const cpuOnly: readonly StageName[] = ["serve-cpu"];

/** A framework that the project's files leave open, unless said otherwise. */
export function framework(
  name: Framework["name"],
  version?: string,
  more: Partial<Framework> = {},
): Framework {
  return { name, version, build: "open", cuda: undefined, ...more };
}

const files: Readonly<Record<Manager, Partial<Answers>>> = {
  uv: { manifest: "pyproject.toml", lockFile: "uv.lock" },
  pip: { manifest: "requirements.txt" },
  "pip-tools": { manifest: "requirements.in", lockFile: "requirements.txt" },
  poetry: { manifest: "pyproject.toml", lockFile: "poetry.lock" },
  pdm: { manifest: "pyproject.toml", lockFile: "pdm.lock" },
  hatch: { manifest: "pyproject.toml" },
  pipenv: { manifest: "Pipfile", lockFile: "Pipfile.lock" },
  pixi: { manifest: "pixi.toml", lockFile: "pixi.lock" },
  conda: { manifest: "environment.yml" },
  r: {
    manifest: "DESCRIPTION",
    lockFile: "renv.lock",
    serve: ["Rscript", "plumber.R"],
    sources: ["R", "plumber.R"],
  },
  none: { manifest: undefined },
};

/** Answers of a FastAPI service, with bases chosen for them. */
export function answersFor(manager: Manager, more: Partial<Answers> = {}): Answers {
  const draft: Omit<Answers, "bases"> = {
    name: "detector",
    manager,
    manifest: undefined,
    lockFile: undefined,
    python: "3.12",
    stages: cpuOnly,
    only: ["dockerfile", "compose", "ignore"],
    gpus: [],
    driver: undefined,
    cuda: undefined,
    torch: undefined,
    registry: undefined,
    systemNeeds: [],
    train: ["python", "-m", "detector.train"],
    serve: ["uvicorn", "detector.main:app", "--host", "0.0.0.0", "--port", "8000"],
    port: 8000,
    health: "/health",
    weights: "volume",
    weightFolder: "models",
    dataFolders: [],
    sources: ["detector", "main.py"],
    isPackage: false,
    trainGroups: [],
    ...files[manager],
    ...more,
  };
  const gpu = draft.stages.some((stage) => stage.endsWith("-gpu"));
  const decided = { ...draft, cuda: gpu ? (draft.cuda ?? "12.8") : undefined };
  const frameworks = draft.frameworks ?? [];
  return { ...decided, bases: chooseBases({ ...decided, gpus: draft.gpus.map(gpuNamed), frameworks }) };
}

function one(title: string, manager: Manager, more: Partial<Answers> = {}): Case {
  return { title: `${manager}, ${title}`, answers: answersFor(manager, more) };
}

const torch: Partial<Answers> = {
  frameworks: [framework("torch", "2.9.1")],
  torch: "2.9.1",
  systemNeeds: ["libgl", "glib"],
};
const managers = Object.keys(files) as Manager[];

/** Managers, stages, frameworks and needs in combinations that projects have. */
export const cases: readonly Case[] = [
  ...managers.map((manager) => one("a service", manager)),
  ...managers
    .filter((manager) => manager !== "r" && manager !== "none")
    .map((manager) => one("torch, all stages", manager, { ...torch, stages: all, trainGroups: ["train"] })),
  one("the project is a package", "uv", { isPackage: true, sources: ["src", "configs"] }),
  one("the project is a package", "pip", { manifest: "pyproject.toml", isPackage: true, sources: ["src"] }),
  one("setup.py", "pip", { manifest: "setup.py", isPackage: true, sources: ["detector"] }),
  one("the project is a package", "poetry", { ...torch, isPackage: true, sources: ["src"] }),
  one("the project is a package", "pixi", { ...torch, isPackage: true, sources: ["src"], stages: all }),
  one("a workspace", "uv", {
    workspace: ["packages/core"],
    sources: ["packages", "main.py"],
    isPackage: true,
  }),
  one("torch of an extra", "uv", { ...torch, stages: all, extras: { cpu: ["cpu"], gpu: ["cu128"] } }),
  one("torch of CPU by its index", "uv", {
    stages: all,
    frameworks: [framework("torch", "2.9.1", { build: "cpu" })],
    torch: "2.9.1",
  }),
  one("CUDA extensions", "uv", {
    ...torch,
    stages: all,
    systemNeeds: ["compiler", "cuda-compiler"],
    gpus: ["RTX 4090", "A100"],
  }),
  one("CUDA extensions", "pip", { ...torch, stages: ["train-gpu"], systemNeeds: ["cuda-compiler", "git"] }),
  one("ONNX Runtime for GPUs", "pip", {
    stages: ["serve-gpu", "serve-cpu"],
    frameworks: [framework("onnxruntime-gpu", "1.20.0")],
  }),
  one("ONNX Runtime for GPUs", "uv", {
    stages: ["serve-gpu", "serve-cpu"],
    frameworks: [framework("onnxruntime-gpu", "1.20.0")],
  }),
  one("ONNX Runtime", "uv", { stages: ["serve-cpu"], frameworks: [framework("onnxruntime", "1.20.0")] }),
  one("TensorRT", "uv", {
    stages: ["serve-gpu"],
    frameworks: [framework("torch", "2.9.1"), framework("tensorrt", "10.9.0")],
    torch: "2.9.1",
  }),
  one("JAX", "pip", { stages: all, frameworks: [framework("jax", "0.5.0")] }),
  one("TensorFlow", "poetry", { stages: all, frameworks: [framework("tensorflow", "2.18.0")] }),
  one("weights are downloaded", "uv", { ...torch, weights: "download", stages: ["serve-gpu", "serve-cpu"] }),
  one("weights are baked", "pip", { weights: "bake" }),
  one("Gradio without a health path", "pip", {
    serving: "gradio",
    serve: ["python", "main.py"],
    port: 7860,
    health: undefined,
  }),
  one("Streamlit", "uv", {
    serving: "streamlit",
    serve: ["streamlit", "run", "main.py"],
    port: 8501,
    health: "/_stcore/health",
  }),
  one("libraries of the system, data and a registry", "pip-tools", {
    stages: all,
    systemNeeds: ["libgl", "glib", "ffmpeg", "sndfile", "libpq", "x11", "gomp"],
    dataFolders: ["data"],
    registry: "ghcr.io/lab",
  }),
  one("training only", "conda", { ...torch, stages: ["train-cpu", "dev"] }),
  one("training only", "none", { stages: ["train-cpu"] }),
  one("all files of requirements", "pip", {
    ...torch,
    stages: all,
    requirementFiles: [
      { path: "requirements.txt", group: "main" },
      { path: "requirements-train.txt", group: "train" },
      { path: "requirements-dev.txt", group: "dev" },
    ],
  }),
  one("an older Python", "pip", { python: "3.11" }),
  one("without a lock file", "uv", { python: "3.13", lockFile: undefined }),
  one("vLLM, on GPUs only", "pip", {
    ...torch,
    frameworks: [framework("vllm", "0.13.0"), framework("torch")],
    systemNeeds: ["runtime-compiler"],
    stages: ["serve-gpu", "dev"],
    serve: ["vllm", "serve", "lab/model"],
    weightFolder: undefined,
  }),
  one("TensorRT, on GPUs only", "poetry", {
    frameworks: [framework("tensorrt", "10.3.0", { build: "cuda", cuda: "12" })],
    stages: ["serve-gpu", "dev"],
  }),
  one("a version from git", "uv", {
    isPackage: true,
    sources: ["src"],
    versionVariable: "SETUPTOOLS_SCM_PRETEND_VERSION",
  }),
  one("notebooks and trackers", "pip", {
    ...torch,
    stages: all,
    jupyter: "lab",
    trackers: ["wandb", "mlflow"],
  }),
  one("TensorFlow with CUDA of pip", "conda", {
    frameworks: [framework("tensorflow", "2.18.0", { build: "cuda" })],
    stages: ["train-gpu", "train-cpu", "dev"],
  }),
  one("libraries of the system", "r", { systemNeeds: ["sodium", "gdal", "text-layout"] }),
  one("TensorRT below ONNX Runtime", "pip", {
    frameworks: [
      framework("tensorrt", "10.3.0", { build: "cuda", cuda: "12" }),
      framework("onnxruntime-gpu", "1.20.1", { build: "cuda" }),
    ],
    stages: ["serve-gpu", "dev"],
  }),
  one("nothing that lists packages", "r", {
    manifest: undefined,
    lockFile: undefined,
    sources: ["R", "plumber.R"],
  }),
  one("a Python that has ended", "uv", { python: "3.9" }),
  one("packages from repositories", "conda", { systemNeeds: ["git"], lockFile: undefined }),
];
