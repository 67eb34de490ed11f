import { describeBase } from "../../catalog/base-images.ts";
import { findGpu } from "../../catalog/gpus.ts";
import { compareVersions } from "../../catalog/versions.ts";
import type { Answers, OutputFile, StageName } from "../answers.ts";
import { toolImages } from "../bases.ts";
import { appFolder, cacheFolder, outputFolder, userId, weightsPath } from "../image-layout.ts";
import { systemPackages } from "../system-packages.ts";
import { hasVenv, type Purpose, type Recipe, recipeOf } from "./dockerfile-managers.ts";
import type { Variant } from "./dockerfile-rewrites.ts";
import { engineScript, fetchWeightsScript } from "./dockerfile-scripts.ts";
import { aptInstall, comment, copies, env, json, run } from "./dockerfile-text.ts";

/** Stages in the order of the file: the last one is what `docker build .` makes. */
const order: readonly StageName[] = ["dev", "train-gpu", "train-cpu", "serve-gpu", "serve-cpu"];

const purposes: Readonly<Record<StageName, { purpose: Purpose; says: string }>> = {
  dev: {
    purpose: "dev",
    says: "is to work in: all groups of packages, a compiler, git. The source comes as a mount.",
  },
  "train-gpu": { purpose: "train", says: "is training on GPUs." },
  "train-cpu": { purpose: "train", says: "is training without a GPU: small runs and tests." },
  "serve-gpu": { purpose: "serve", says: "is the service on a GPU: no compiler, no packages of training." },
  "serve-cpu": {
    purpose: "serve",
    says: "is the service without a GPU: no compiler, no packages of training, no CUDA.",
  },
};

/** What the writing of one file needs to know. */
interface Plan {
  readonly answers: Answers;
  readonly recipe: Recipe | undefined;
  readonly stages: readonly {
    readonly name: StageName;
    readonly purpose: Purpose;
    readonly variant: Variant;
  }[];
  /** NVIDIA's base for the GPU variants; undefined where both variants stand on the same. */
  readonly gpuBase: string | undefined;
}

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
    ...(serves && usesTensorrt(answers) ? [engineScript] : []),
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
      purpose: purposes[name].purpose,
      // People develop on what the project is for.
      variant: name.endsWith("-gpu") || (name === "dev" && hasGpu) ? "gpu" : "cpu",
    })),
    gpuBase: hasGpu && gpu !== undefined && gpu !== cpu ? gpu : undefined,
  };
}

/** The base stage that a variant stands on. */
function baseOf({ gpuBase }: Plan, variant: Variant): string {
  return variant === "gpu" && gpuBase !== undefined ? "base-gpu" : "base";
}

function usesTensorrt({ frameworks = [] }: Answers): boolean {
  return frameworks.some(({ name }) => name === "tensorrt");
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
    `# Targets: ${targets.join(", ")}. They share their packages' lock file and their base, so that they do not drift.`,
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
      ...(isPython ? cacheVariables() : {}),
      ...(venvPath === undefined ? {} : { PATH: venvPath }),
    }),
    ...(unknown.length > 0 ? [comment(`Not known here, add what they need: ${unknown.join(", ")}.`)] : []),
    aptInstall(packages),
    ...(lacksPython
      ? [
          comment(`Python ${answers.python}, which this base does not have.`),
          run(
            [`type=bind,from=${toolImages.uv},source=/uv,target=/usr/local/bin/uv`],
            [
              `UV_PYTHON_INSTALL_DIR=/opt/python UV_PYTHON_BIN_DIR=/usr/local/bin uv python install --no-cache --default ${answers.python}`,
              "ln -s /opt/python/*/bin/pip /usr/local/bin/pip",
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

function hasVenvOrNone(answers: Answers): boolean {
  return hasVenv(answers) || answers.manager === "none";
}

function cacheVariables(): Record<string, string> {
  return {
    HF_HOME: `${cacheFolder}/huggingface`,
    TORCH_HOME: `${cacheFolder}/torch`,
    MPLCONFIGDIR: `${cacheFolder}/matplotlib`,
    XDG_CACHE_HOME: cacheFolder,
  };
}

/** The stages that are thrown away: one builder for each base, one stage for each different set of packages. */
function buildStages(plan: Plan): string[] {
  const { answers, recipe, stages } = plan;
  if (recipe === undefined) return [];
  const sets = packageSets(plan);
  return [
    ...builderStages(
      plan,
      recipe,
      sets.map(({ variant }) => variant),
    ),
    ...sets.map(({ name, variant, text }) => `FROM ${builderOf(plan, variant)} AS ${name}\n${text}`),
    ...(answers.isPackage && recipe.project !== undefined && stages.some(({ purpose }) => purpose !== "dev")
      ? [projectStage(plan, recipe.project)]
      : []),
  ];
}

/** The stage that packages of a variant are installed in: the base itself where nothing has to be added to it. */
function builderOf(plan: Plan, variant: Variant): string {
  const { answers, recipe } = plan;
  if (recipe?.from !== undefined) return "builder";
  if (recipe === undefined || builderLines(plan, recipe, variant).length === 0) return baseOf(plan, variant);
  const own = variant === "gpu" && (plan.gpuBase !== undefined || answers.bases.compiler !== undefined);
  return own ? "builder-gpu" : "builder";
}

function builderStages(plan: Plan, recipe: Recipe, variants: readonly Variant[]): string[] {
  const texts = variants.map((variant) => {
    const name = builderOf(plan, variant);
    if (!name.startsWith("builder")) return undefined;
    return [
      comment(`${name} installs packages; nothing of it but the result goes on.`),
      `FROM ${recipe.from ?? baseOf(plan, variant)} AS ${name}`,
      ...builderLines(plan, recipe, variant),
    ].join("\n");
  });
  return [...new Set(texts.filter((text) => text !== undefined))];
}

/** What a build stage has more than its base. */
function builderLines({ answers, gpuBase }: Plan, recipe: Recipe, variant: Variant): string[] {
  if (recipe.from !== undefined) return [`WORKDIR ${appFolder}`];
  const { compiler, cpu } = answers.bases;
  const { build } = systemPackages(answers.systemNeeds, (variant === "gpu" ? gpuBase : undefined) ?? cpu);
  const toolkit =
    variant === "cpu" || compiler === undefined
      ? []
      : [
          comment("nvcc and CUDA's headers, for the extensions."),
          `COPY --from=${compiler} /usr/local/cuda-${answers.cuda ?? ""} /usr/local/cuda`,
          env({
            CUDA_HOME: "/usr/local/cuda",
            TORCH_CUDA_ARCH_LIST: archList(answers),
            PATH: "/usr/local/cuda/bin:$PATH",
          }),
        ];
  return [
    ...(build.length > 0 ? [aptInstall(build)] : []),
    ...toolkit,
    ...(Object.keys(recipe.variables).length === 0 ? [] : [env(recipe.variables)]),
    ...recipe.tool,
  ];
}

/** One stage of packages and the final stages that take it. */
interface PackageSet {
  readonly name: string;
  readonly variant: Variant;
  readonly text: string;
  readonly stages: readonly StageName[];
}

/** Final stages with the same instructions share a stage. */
function packageSets(plan: Plan): PackageSet[] {
  const { recipe } = plan;
  const sets: (PackageSet & { stages: StageName[] })[] = [];
  if (recipe === undefined) return sets;
  for (const stage of plan.stages) {
    const text = recipe.packages(stage.purpose, stage.variant).join("\n");
    const builder = builderOf(plan, stage.variant);
    const same = sets.find((one) => one.text === text && builderOf(plan, one.variant) === builder);
    if (same === undefined) sets.push({ name: "", variant: stage.variant, text, stages: [stage.name] });
    else same.stages.push(stage.name);
  }
  return sets.map((one) => ({
    ...one,
    name: sets.length === 1 ? "packages" : `packages-${one.stages.at(-1)}`,
  }));
}

/** The project itself, installed apart, so that a change of the source leaves the packages' layer alone. */
function projectStage(plan: Plan, commands: readonly string[]): string {
  const variant = plan.stages.at(-1)?.variant ?? "cpu";
  const cache =
    plan.answers.manager === "uv"
      ? "type=cache,target=/root/.cache/uv"
      : "type=cache,target=/root/.cache/pip";
  return [
    comment("project is built apart from its packages: a change of the source leaves their big layer alone."),
    `FROM ${builderOf(plan, variant)} AS project`,
    "COPY . .",
    run([cache, "type=secret,id=netrc,target=/root/.netrc"], commands),
  ].join("\n");
}

function finalStage(plan: Plan, { name, purpose, variant }: Plan["stages"][number]): string {
  const { answers, recipe } = plan;
  const set = packageSets(plan).find(({ stages }) => stages.includes(name));
  const folder = recipe?.folder(purpose, variant);
  const isDev = purpose === "dev";
  const project = answers.isPackage && recipe?.project !== undefined && !isDev;
  const own = isDev ? `--chown=${userId}:${userId} ` : "";
  const isPixi = answers.manager === "pixi";
  const image = baseOf(plan, variant) === "base-gpu" ? (plan.gpuBase ?? "") : answers.bases.cpu;
  const variables = {
    ...(isPixi && folder !== undefined ? { CONDA_PREFIX: folder, PATH: `${folder}/bin:$PATH` } : {}),
    ...(recipe !== undefined &&
    recipe.project === undefined &&
    answers.sources.includes("src") &&
    answers.manager !== "r"
      ? { PYTHONPATH: `${appFolder}/src` }
      : {}),
    ...(isDev && answers.sources.includes("src") && answers.manager !== "r"
      ? { PYTHONPATH: `${appFolder}/src` }
      : {}),
    ...(variant === "gpu" && plan.gpuBase === undefined
      ? { NVIDIA_VISIBLE_DEVICES: "all", NVIDIA_DRIVER_CAPABILITIES: "compute,utility" }
      : {}),
    ...(purpose === "serve" ? serveVariables(answers, variant) : {}),
  };
  return [
    comment(`${name} ${purposes[name].says}`),
    `FROM ${baseOf(plan, variant)} AS ${name}`,
    `LABEL org.opencontainers.image.title=${JSON.stringify(answers.name)} \\\n      org.opencontainers.image.base.name=${JSON.stringify(image)}`,
    ...(Object.keys(variables).length === 0 ? [] : [env(variables)]),
    ...(isDev
      ? [aptInstall(["git", ...systemPackages(["compiler", ...answers.systemNeeds], image).build])]
      : []),
    ...(isDev && answers.manager === "uv" ? [`COPY --from=${toolImages.uv} /uv /uvx /usr/local/bin/`] : []),
    ...(set === undefined || folder === undefined
      ? []
      : [`COPY --from=${set.name} ${own}${folder} ${folder}`]),
    ...(purpose === "serve" && answers.weights === "bake" && answers.weightFolder !== undefined
      ? [
          "# ddiff ignore=weights-baked-in because it was asked for: the image is as big as its weights, and runs without a volume",
          ...copies([answers.weightFolder]),
        ]
      : []),
    ...(project ? [`COPY --from=project ${appFolder}/.venv ${appFolder}/.venv`] : []),
    ...(isDev ? [] : copies(sourcesOf(answers, purpose))),
    ...(purpose === "serve" ? scripts(answers, variant) : []),
    `USER ${userId}:${userId}`,
    ...ending(answers, purpose, variant),
  ].join("\n");
}

/** An installed package need not be copied again, unless a command names its files. */
function sourcesOf(answers: Answers, purpose: Purpose): string[] {
  const commands = [...(answers.train ?? []), ...(answers.serve ?? [])];
  const weights = answers.weightFolder;
  return answers.sources
    .filter((path) => {
      if (path === weights || path === "tests" || path === "test") return false;
      if (!answers.isPackage || !hasVenv(answers)) return true;
      const isPackage =
        path === "src" ||
        path === answers.name.replaceAll("-", "_") ||
        (answers.workspace ?? []).includes(path);
      return !isPackage || commands.some((word) => word === path || word.startsWith(`${path}/`));
    })
    .filter((path) => purpose !== "serve" || !/^(?:train|notebooks)(?:$|\.py$)/.test(path));
}

function serveVariables(answers: Answers, variant: Variant): Record<string, string> {
  const port = String(answers.port ?? 8000);
  return {
    ...(answers.weights === "download" ? { WEIGHTS_DIR: weightsPath(answers.weightFolder) } : {}),
    ...(usesTensorrt(answers) && variant === "gpu" ? { ENGINE_DIR: `${cacheFolder}/engines` } : {}),
    ...(answers.serving === "gradio" ? { GRADIO_SERVER_NAME: "0.0.0.0", GRADIO_SERVER_PORT: port } : {}),
    ...(answers.serving === "streamlit"
      ? { STREAMLIT_SERVER_ADDRESS: "0.0.0.0", STREAMLIT_SERVER_PORT: port }
      : {}),
  };
}

function scripts(answers: Answers, variant: Variant): string[] {
  const paths = [
    ...(answers.weights === "download" ? [fetchWeightsScript.path] : []),
    ...(usesTensorrt(answers) && variant === "gpu" ? [engineScript.path] : []),
  ];
  if (paths.length === 0) return [];
  // The volume takes the owner of the folder that it is laid over.
  const weights =
    answers.weights === "download"
      ? [run([], [`install -d -o ${userId} -g ${userId} ${weightsPath(answers.weightFolder)}`])]
      : [];
  return [...weights, `COPY ${paths.join(" ")} container/`];
}

function ending(answers: Answers, purpose: Purpose, variant: Variant): string[] {
  if (purpose === "dev") return ["HEALTHCHECK NONE", 'ENTRYPOINT ["tini", "--"]', 'CMD ["bash"]'];
  if (purpose === "train") {
    return [
      comment("A run that ends is no service: its exit status tells how it went."),
      "HEALTHCHECK NONE",
      'ENTRYPOINT ["tini", "--"]',
      `CMD ${json(answers.train ?? fallback(answers))}`,
    ];
  }
  const before = [
    ...(answers.weights === "download" ? ["python", fetchWeightsScript.path] : []),
    ...(usesTensorrt(answers) && variant === "gpu" ? ["python", engineScript.path] : []),
  ];
  const command = listens(answers.serve ?? fallback(answers), answers.port);
  const { port } = answers;
  const health =
    port === undefined
      ? ["HEALTHCHECK NONE"]
      : [
          `EXPOSE ${port}`,
          `HEALTHCHECK --interval=30s --timeout=5s --start-period=${answers.weights === "download" || before.length > 0 ? "300s" : "60s"} --retries=3 \\\n    CMD ${json(healthCommand(answers, port))}`,
        ];
  return [...health, `ENTRYPOINT ${json(["tini", "--", ...before])}`, `CMD ${json(command)}`];
}

/** The check of a running service, with what surely is in the image: Python, or bash for R. */
export function healthCommand(answers: Answers, port: number): string[] {
  if (answers.manager === "r") return ["bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`];
  const { health } = answers;
  return health === undefined
    ? ["python", "-c", `import socket; socket.create_connection(('127.0.0.1', ${port}), 4)`]
    : [
        "python",
        "-c",
        `import urllib.request; urllib.request.urlopen('http://127.0.0.1:${port}${health}', timeout=4)`,
      ];
}

/** A command that answers to the world outside its container. */
function listens(command: readonly string[], port: number | undefined): readonly string[] {
  const words = command.map((word) => word.replace(/.*\//, ""));
  const program = words.find((word) =>
    ["uvicorn", "gunicorn", "flask", "fastapi", "hypercorn"].includes(word),
  );
  if (program === undefined || command.some((word) => /^(?:--host|--bind|-b$|-h$)/.test(word)))
    return command;
  if (program === "gunicorn" || program === "hypercorn")
    return [...command, "--bind", `0.0.0.0:${port ?? 8000}`];
  const hasPort = command.some((word) => /^(?:--port|-p$)/.test(word));
  return [
    ...command,
    "--host",
    "0.0.0.0",
    ...(port === undefined || hasPort ? [] : ["--port", String(port)]),
  ];
}

function fallback({ manager, sources }: Answers): string[] {
  if (manager === "r") return ["Rscript", sources.find((path) => /\.r$/i.test(path)) ?? "main.R"];
  return ["python", sources.find((path) => path.endsWith(".py")) ?? "main.py"];
}

/** Architectures that the extensions are compiled for: of the GPUs that were named, else of those that most people have. */
function archList({ gpus }: Answers): string {
  const capabilities = gpus.map((name) => findGpu(name)?.capability).filter((one) => one !== undefined);
  return capabilities.length === 0
    ? "8.0;8.6;8.9;9.0+PTX"
    : [...new Set(capabilities)].sort(compareVersions).join(";");
}
