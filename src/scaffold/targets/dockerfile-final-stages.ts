import type { Answers, StageName } from "../answers.ts";
import { toolImages } from "../bases.ts";
import { appFolder, cacheFolder, outputFolder, userId, weightsPath } from "../image-layout.ts";
import { systemPackages } from "../system-packages.ts";
import { packageSets } from "./dockerfile-build-stages.ts";
import { hasVenv } from "./dockerfile-managers.ts";
import { baseOf, enginesBy, installsProject, type Plan, usesHub } from "./dockerfile-plan.ts";
import { type Purpose, venv } from "./dockerfile-recipe.ts";
import type { Variant } from "./dockerfile-rewrites.ts";
import { engineScript, fetchWeightsScript } from "./dockerfile-scripts.ts";
import { aptInstall, comment, copies, env, json, run } from "./dockerfile-text.ts";

/** What stages are for. */
export const purposes: Readonly<Record<StageName, Purpose>> = {
  dev: "dev",
  "train-gpu": "train",
  "train-cpu": "train",
  "serve-gpu": "serve",
  "serve-cpu": "serve",
};

/** A stage that runs. */
export function finalStage(plan: Plan, stage: Plan["stages"][number]): string {
  const { answers, recipe } = plan;
  const { name, purpose, variant } = stage;
  const set = packageSets(plan).find(({ stages }) => stages.includes(name));
  const folder = recipe?.folder(purpose, variant);
  const isDev = purpose === "dev";
  const image = baseOf(plan, variant) === "base-gpu" ? (plan.gpuBase ?? "") : answers.bases.cpu;
  const variables = stageVariables(plan, stage, folder);
  const own = isDev ? `--chown=${devUser} ` : "";
  return [
    comment(`${name} ${saysOf(stage, answers)}`),
    `FROM ${baseOf(plan, variant)} AS ${name}`,
    `LABEL org.opencontainers.image.title=${JSON.stringify(answers.name)} \\\n      org.opencontainers.image.base.name=${JSON.stringify(image)}`,
    ...(Object.keys(variables).length === 0 ? [] : [env(variables)]),
    ...(isDev ? devTools(answers, image) : []),
    ...(set === undefined || folder === undefined
      ? []
      : [`COPY --from=${set.name} ${own}${folder} ${folder}`]),
    ...(purpose === "serve" && answers.weights === "bake" && answers.weightFolder !== undefined
      ? [
          "# ddiff ignore=weights-baked-in because it was asked for: the image is as big as its weights, and runs without a volume",
          ...copies([answers.weightFolder]),
        ]
      : []),
    ...(installsProject(plan) && !isDev ? [`COPY --from=project ${venv} ${venv}`] : []),
    ...(isDev ? [] : copies(sourcesOf(answers, purpose))),
    ...(purpose === "serve" ? scripts(answers, variant) : []),
    `USER ${isDev ? devUser : `${userId}:${userId}`}`,
    ...ending(answers, purpose, variant),
  ].join("\n");
}

/** What is said above a stage. */
function saysOf({ name, purpose }: Plan["stages"][number], { manager, systemNeeds }: Answers): string {
  if (purpose === "dev")
    return "is to work in: all groups of packages, a compiler, git. The source comes as a mount.";
  if (name === "train-gpu") return "is training on GPUs.";
  if (name === "train-cpu") return "is training without a GPU: small runs and tests.";
  // R's image has the compilers that its packages are made with.
  const hasCompiler = manager === "r" || systemNeeds.includes("runtime-compiler");
  const without = [
    ...(hasCompiler ? [] : ["no compiler"]),
    "no packages of training",
    ...(name === "serve-cpu" ? ["no CUDA"] : []),
  ];
  return `is the service ${name === "serve-gpu" ? "on a GPU" : "without a GPU"}: ${without.join(", ")}.`;
}

function stageVariables(
  { answers, recipe, gpuBase }: Plan,
  { purpose, variant }: Plan["stages"][number],
  folder: string | undefined,
): Record<string, string> {
  const isPixi = answers.manager === "pixi";
  const isLoose = recipe !== undefined && (recipe.project === undefined || purpose === "dev");
  const trackers = purpose === "train" ? (answers.trackers ?? []) : [];
  return {
    ...(isPixi && folder !== undefined ? { CONDA_PREFIX: folder, PATH: `${folder}/bin:$PATH` } : {}),
    ...(isLoose && answers.sources.includes("src") && answers.manager !== "r"
      ? { PYTHONPATH: `${appFolder}/src` }
      : {}),
    ...(variant === "gpu" && gpuBase === undefined
      ? { NVIDIA_VISIBLE_DEVICES: "all", NVIDIA_DRIVER_CAPABILITIES: "compute,utility" }
      : {}),
    ...(trackers.includes("wandb") ? { WANDB_DIR: outputFolder } : {}),
    ...(trackers.includes("mlflow") ? { MLFLOW_TRACKING_URI: `file:${outputFolder}/mlruns` } : {}),
    ...(purpose === "serve" ? serveVariables(answers, variant) : {}),
  };
}

/** The user of dev: the source is mounted, so that its files are of whoever works on it. */
const devUser = "$DEV_UID:$DEV_UID";

function devTools({ manager, systemNeeds }: Answers, image: string): string[] {
  return [
    comment("DEV_UID owns the mounted source: --build-arg DEV_UID=$(id -u) where that is not 1000."),
    "ARG DEV_UID=1000",
    aptInstall([...new Set(["git", ...systemPackages(["compiler", ...systemNeeds], image).build])]),
    run(
      [],
      [
        'groupmod --non-unique --gid "$DEV_UID" app',
        'usermod --non-unique --uid "$DEV_UID" --gid "$DEV_UID" app',
        `chown app:app ${cacheFolder} ${outputFolder}`,
      ],
    ),
    ...(manager === "uv" ? [`COPY --from=${toolImages.uv} /uv /uvx /usr/local/bin/`] : []),
  ];
}

/** An installed package need not be copied again, unless a command names its files. */
function sourcesOf(answers: Answers, purpose: Purpose): string[] {
  const commands = [...(answers.train ?? []), ...(answers.serve ?? [])];
  const { name, weightFolder, workspace } = answers;
  return answers.sources
    .filter((path) => {
      if (path === weightFolder || path === "tests" || path === "test") return false;
      if (!answers.isPackage || !hasVenv(answers)) return true;
      const isNamed = commands.some((word) => word === path || word.startsWith(`${path}/`));
      // A folder of members is no package, so that a module below it is found where it stands.
      const members = (workspace ?? []).filter((one) => one === path || one.startsWith(`${path}/`));
      if (members.length > 0) return isNamed || commands.some((word) => word.startsWith(`${path}.`));
      return isNamed || (path !== "src" && path !== name.replaceAll("-", "_"));
    })
    .filter((path) => purpose !== "serve" || !/^(?:train|notebooks)(?:$|\.py$)/.test(path));
}

function serveVariables(answers: Answers, variant: Variant): Record<string, string> {
  const port = String(answers.port ?? 8000);
  return {
    ...(answers.weights === "download" ? { WEIGHTS_DIR: weightsPath(answers.weightFolder) } : {}),
    ...(variant === "gpu" ? engineVariables(answers) : {}),
    ...(answers.serving === "gradio" ? { GRADIO_SERVER_NAME: "0.0.0.0", GRADIO_SERVER_PORT: port } : {}),
    ...(answers.serving === "streamlit"
      ? { STREAMLIT_SERVER_ADDRESS: "0.0.0.0", STREAMLIT_SERVER_PORT: port }
      : {}),
  };
}

/** Where engines of TensorRT are kept; ONNX Runtime names its own by model, GPU architecture and version. */
function engineVariables(answers: Answers): Record<string, string> {
  const by = enginesBy(answers);
  const folder = `${cacheFolder}/engines`;
  if (by === undefined) return {};
  if (by === "script") return { ENGINE_DIR: folder };
  return {
    ORT_TENSORRT_ENGINE_CACHE_ENABLE: "1",
    ORT_TENSORRT_CACHE_PATH: folder,
    // ONNX Runtime looks for TensorRT in the system's folders only.
    ...(hasVenv(answers)
      ? {
          LD_LIBRARY_PATH: `${venv}/lib/python${answers.python}/site-packages/tensorrt_libs:/usr/local/nvidia/lib:/usr/local/nvidia/lib64`,
        }
      : {}),
  };
}

function scripts(answers: Answers, variant: Variant): string[] {
  const paths = startScripts(answers, variant);
  if (paths.length === 0) return [];
  // The volume takes the owner of the folder that it is laid over.
  const weights =
    answers.weights === "download"
      ? [run([], [`install -d -o ${userId} -g ${userId} ${weightsPath(answers.weightFolder)}`])]
      : [];
  return [...weights, `COPY ${paths.join(" ")} container/`];
}

/** The scripts that a service is started by. */
function startScripts(answers: Answers, variant: Variant): string[] {
  return [
    ...(answers.weights === "download" ? [fetchWeightsScript.path] : []),
    ...(enginesBy(answers) === "script" && variant === "gpu" ? [engineScript.path] : []),
  ];
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
  const before = startScripts(answers, variant).flatMap((path) => ["python", path]);
  const command = listens(answers.serve ?? fallback(answers), answers.port);
  const { port } = answers;
  const health =
    port === undefined
      ? ["HEALTHCHECK NONE"]
      : [
          `EXPOSE ${port}`,
          `HEALTHCHECK --interval=30s --timeout=5s --start-period=${startPeriod(answers, variant)} --retries=3 \\\n    CMD ${json(healthCommand(answers, port))}`,
        ];
  return [...health, `ENTRYPOINT ${json(["tini", "--", ...before])}`, `CMD ${json(command)}`];
}

/** How long a service may take until it is well: weights are fetched, an engine is built, or vLLM compiles for minutes. */
export function startPeriod(answers: Answers, variant: Variant): string {
  if (usesHub(answers)) return "900s";
  const builds = variant === "gpu" && enginesBy(answers) !== undefined;
  return builds || startScripts(answers, variant).length > 0 ? "300s" : "60s";
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
