import { describeBase } from "../../catalog/base-images.ts";
import { languageEnded } from "../../catalog/os-releases.ts";
import { catalogueDay } from "../../catalog/sources.ts";
import type { Answers, OutputFile, StageName } from "../answers.ts";
import { toolImages } from "../bases.ts";
import { appFolder, cacheFolder, outputFolder, userId } from "../image-layout.ts";
import { systemPackages } from "../system-packages.ts";
import { hasVenv, recipeOf } from "./dockerfile-managers.ts";
import { buildStages } from "./dockerfile-build-stages.ts";
import { finalStage, purposes } from "./dockerfile-final-stages.ts";
import { enginesBy, type Plan, usesTorch } from "./dockerfile-plan.ts";
import { engineScript, fetchWeightsScript } from "./dockerfile-scripts.ts";
import { aptInstall, comment, env, run } from "./dockerfile-text.ts";

/** Stages in the order of the file: the last one is what `docker build .` makes. */
const order: readonly StageName[] = ["dev", "train-gpu", "train-cpu", "serve-gpu", "serve-cpu"];

/** One Dockerfile with a stage for each of the wanted ones, and the scripts that it starts. */
export function dockerfile(answers: Answers): readonly OutputFile[] {
  const plan = makePlan(answers);
  const blocks = [
    header(plan),
    ...baseStages(plan),
    ...buildStages(plan),
    ...plan.stages.map((stage) => finalStage(plan, stage)),
  ];
  const serves = plan.stages.some(({ purpose }) => purpose === "serve");
  return [
    { path: "Dockerfile", text: `${blocks.join("\n\n")}\n` },
    ...(serves && answers.weights === "download" ? [fetchWeightsScript] : []),
    ...(serves && enginesBy(answers) === "script" ? [engineScript] : []),
  ];
}

function makePlan(answers: Answers): Plan {
  const wanted = order.filter((name) => answers.stages.includes(name));
  const hasGpu = wanted.some((name) => name.endsWith("-gpu"));
  const { cpu, gpu } = answers.bases;
  return {
    answers,
    recipe: recipeOf(answers),
    stages: wanted.map((name) => ({
      name,
      purpose: purposes[name],
      // People develop on what the project is for.
      variant: name.endsWith("-gpu") || (name === "dev" && hasGpu) ? "gpu" : "cpu",
    })),
    gpuBase: hasGpu && gpu !== undefined && gpu !== cpu ? gpu : undefined,
  };
}

function header({ answers, stages }: Plan): string {
  const targets = stages.map(({ name }) => name).reverse();
  const isPinned = [answers.bases.cpu, answers.bases.gpu ?? "@", answers.bases.compiler ?? "@"].every((one) =>
    one.includes("@"),
  );
  const lines = [
    "# syntax=docker/dockerfile:1",
    "#",
    `# ${answers.name}: written by \`ddiff init\` from ddiff.yaml, and yours to change.`,
    `#   docker build --target ${targets[0] ?? "dev"} -t ${answers.name} .`,
    `# Targets: ${targets.join(", ")}. They share their ${answers.lockFile === undefined ? "list of packages" : "packages' lock file"} and their base, so that they do not drift.`,
    ...(answers.manager === "pixi" || answers.manager === "conda" || answers.manager === "none"
      ? []
      : ["# A private package index: --secret id=netrc,src=$HOME/.netrc"]),
    "#",
    "# Debian drops old versions, so that pins of apt packages break the build after the next update:",
    "# hadolint global ignore=DL3008",
    ...(isPinned
      ? []
      : [
          "# ddiff global ignore=base-without-digest because Renovate or `docker buildx imagetools` sets digests, not a generator",
        ]),
    ...oldPython(answers),
  ];
  return lines.filter((line) => answers.manager !== "r" || !line.includes("netrc")).join("\n");
}

function baseStages(plan: Plan): string[] {
  const { answers, gpuBase, stages } = plan;
  const needsPlain = gpuBase === undefined || stages.some(({ variant }) => variant === "cpu");
  return [
    ...(needsPlain ? [baseStage(plan, "base", answers.bases.cpu)] : []),
    ...(gpuBase === undefined ? [] : [baseStage(plan, "base-gpu", gpuBase)]),
  ];
}

function baseStage({ answers }: Plan, name: string, image: string): string {
  const facts = describeBase(image);
  const { runtime, unknown } = systemPackages(answers.systemNeeds, image);
  const isPython = answers.manager !== "r";
  const lacksPython = isPython && facts?.python === undefined && hasVenvOrNone(answers);
  const packages = [
    "tini",
    ...(lacksPython || !hasVenvOrNone(answers) ? ["ca-certificates"] : []),
    ...runtime,
    ...(answers.systemPackages ?? []),
  ];
  const writes = [cacheFolder, outputFolder];
  const venvPath = hasVenv(answers)
    ? `${appFolder}/.venv/bin:$PATH`
    : answers.manager === "conda"
      ? "/opt/conda/envs/app/bin:$PATH"
      : undefined;
  return [
    comment(
      name === "base"
        ? "base is what every variant runs on."
        : "base-gpu is what the GPU variants run on: with CUDA, as their packages do not bring it.",
    ),
    `FROM ${image} AS ${name}`,
    ...(isPython
      ? [
          comment(
            "No .pyc files at run time, as the root is read-only: packages are compiled at build time instead.",
          ),
        ]
      : []),
    env({
      ...(isPython ? { PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" } : { R_LIBS: "/opt/library" }),
      ...(isPython ? cacheVariables(answers) : {}),
      ...(venvPath === undefined ? {} : { PATH: venvPath }),
    }),
    ...(unknown.length > 0 ? [comment(`Not known here, add what they need: ${unknown.join(", ")}.`)] : []),
    ...(packages.includes("gcc") ? [comment("gcc, as kernels are compiled when the program starts.")] : []),
    aptInstall([...new Set(packages)]),
    ...(lacksPython
      ? [
          comment(`Python ${answers.python}, which this base does not have.`),
          run(
            [`type=bind,from=${toolImages.uv},source=/uv,target=/usr/local/bin/uv`],
            [
              `UV_PYTHON_INSTALL_DIR=/opt/python UV_PYTHON_BIN_DIR=/usr/local/bin uv python install --no-cache --default ${answers.python}`,
              // A release alone: uv lays a link of the minor version beside it.
              `ln -s /opt/python/cpython-${answers.python}.*/bin/pip /usr/local/bin/pip`,
            ],
          ),
        ]
      : []),
    comment(
      "A user by number, so that Kubernetes can check it; it may write to its home and these folders only.",
    ),
    run(
      [],
      [
        `groupadd --gid ${userId} app`,
        `useradd --uid ${userId} --gid ${userId} --no-log-init --home-dir ${cacheFolder} app`,
        `install -d -o ${userId} -g ${userId} ${writes.join(" ")}`,
      ],
    ),
    `WORKDIR ${appFolder}`,
  ].join("\n");
}

/** A project may be for a Python that has ended: that is known, and said. */
function oldPython({ bases, python }: Answers): string[] {
  const ended = bases.cpu.startsWith("python:")
    ? languageEnded("python", python, Date.parse(catalogueDay))
    : undefined;
  if (ended === undefined) return [];
  return [
    `# ddiff global ignore=language-end-of-life because the project is for Python ${python}: without security updates since ${ended}`,
  ];
}

function hasVenvOrNone(answers: Answers): boolean {
  return hasVenv(answers) || answers.manager === "none";
}

/** Not XDG_CACHE_HOME: pip and uv would leave the cache mounts of a build, and the user's ~/.cache lies in this folder anyway. */
function cacheVariables(answers: Answers): Record<string, string> {
  return {
    HF_HOME: `${cacheFolder}/huggingface`,
    ...(usesTorch(answers)
      ? {
          TORCH_HOME: `${cacheFolder}/torch`,
          // In /tmp otherwise, from which nothing may be run where it is a tmpfs.
          TORCHINDUCTOR_CACHE_DIR: `${cacheFolder}/inductor`,
        }
      : {}),
    MPLCONFIGDIR: `${cacheFolder}/matplotlib`,
  };
}
