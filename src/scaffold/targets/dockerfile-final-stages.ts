import type { Answers, StageName } from "../answers.ts";
import { toolImages } from "../bases.ts";
import { appFolder, cacheFolder, userId, weightsPath } from "../image-layout.ts";
import { systemPackages } from "../system-packages.ts";
import { packageSets } from "./dockerfile-build-stages.ts";
import { hasVenv } from "./dockerfile-managers.ts";
import { baseOf, type Plan, usesTensorrt } from "./dockerfile-plan.ts";
import type { Purpose } from "./dockerfile-recipe.ts";
import type { Variant } from "./dockerfile-rewrites.ts";
import { engineScript, fetchWeightsScript } from "./dockerfile-scripts.ts";
import { aptInstall, comment, copies, env, json, run } from "./dockerfile-text.ts";

/** What stages are for, and what is said above them. */
export const purposes: Readonly<Record<StageName, { purpose: Purpose; says: string }>> = {
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

/** A stage that runs. */
export function finalStage(plan: Plan, { name, purpose, variant }: Plan["stages"][number]): string {
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
