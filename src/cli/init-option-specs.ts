import type { OptionSpecs } from "./command.ts";

/** What init and variants both take: what somebody decides about a project. */
export const choiceOptionSpecs = {
  gpu: { value: "NAME", many: true, help: "a GPU that it runs on: rtx4090, h100, 8.9; none for CPU only" },
  driver: { value: "VERSION", help: "NVIDIA's driver there: 550" },
  manager: {
    value: "NAME",
    choices: ["uv", "pip", "pip-tools", "poetry", "pdm", "hatch", "pipenv", "pixi", "conda", "r", "none"],
    help: "what installs the packages",
  },
  framework: {
    value: "NAME",
    many: true,
    help: "a framework that the project has, instead of those found: torch, tensorflow, jax, onnxruntime, onnxruntime-gpu, tensorrt, cupy, vllm; none",
  },
} as const satisfies OptionSpecs;

/** The rest of them, of which init takes one value each. */
export const initOptionSpecs = {
  only: {
    value: "NAMES",
    many: true,
    help: "write only these: dockerfile, compose, ignore, kubernetes, ci, devcontainer",
  },
  target: {
    value: "STAGES",
    many: true,
    help: "only these stages: train-gpu, train-cpu, serve-gpu, serve-cpu, dev",
  },
  ...choiceOptionSpecs,
  cuda: { value: "VERSION", help: "CUDA: 12.8" },
  python: { value: "VERSION", help: "Python: 3.12" },
  registry: { value: "NAME", help: "where images are pushed: ghcr.io/lab" },
  port: { value: "PORT", help: "the port that the service listens on" },
  serve: { value: "COMMAND", help: "the command that answers requests" },
  train: { value: "COMMAND", help: "the command that trains" },
  weights: {
    value: "HOW",
    choices: ["volume", "download", "bake"],
    help: "how weights come into a container: a volume, downloaded at start, or in the image",
  },
  "weights-folder": { value: "FOLDER", help: "where weights lie in the project; none where there are none" },
  "data-folder": {
    value: "FOLDER",
    many: true,
    help: "a folder of data, to be mounted, instead of those found; none",
  },
  source: {
    value: "PATH",
    many: true,
    help: "a folder or file that is the program, instead of those found: src",
  },
  system: { value: "PACKAGE", many: true, help: "a package of Debian to install besides: libgomp1; none" },
  without: {
    value: "NEED",
    many: true,
    help: "a need of the system to leave out although it was found: ffmpeg; none",
  },
} as const satisfies OptionSpecs;
