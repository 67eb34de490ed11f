import type { Answers, StageName } from "../answers.ts";
import {
  appFolder,
  cacheFolder,
  netrcPath,
  outputFolder,
  tokenPath,
  userId,
  weightsPath,
} from "../image-layout.ts";
import { imageOf } from "../image-names.ts";
import type { ComposeServicePlan } from "./compose-plan.ts";
import { healthCommand, startPeriod } from "./dockerfile-final-stages.ts";
import { environmentFolder } from "./dockerfile-managers.ts";
import { enginesBy, usesHub, usesToken, usesTorch, usesWandb } from "./dockerfile-plan.ts";
import { json } from "./dockerfile-text.ts";

/** A service of compose.yaml; an optional one only starts when it is named. */
export function serviceLines(answers: Answers, service: ComposeServicePlan, optional: boolean): string[] {
  const { purpose } = service;
  const stage = service.cpu ?? service.gpu ?? "dev";
  return [
    `  ${service.name}:`,
    ...(optional ? [`    profiles: [${service.name}]`] : []),
    `    image: ${imageName(answers, stage)}`,
    "    build:",
    "      context: .",
    `      target: ${stage}`,
    ...(purpose === "dev" ? devLines(answers, service) : runLines(service)),
    "    tmpfs:",
    "      - /tmp",
    ...shared(answers, service, "2gb"),
    "    cap_drop: [ALL]",
    "    security_opt:",
    "      - no-new-privileges:true",
    ...environment(answers, purpose),
    "    volumes:",
    ...volumes(answers, purpose),
    ...(purpose === "serve" && usesToken(answers) ? ["    secrets:", "      - hf_token"] : []),
    ...(purpose === "train" && usesWandb(answers) ? ["    secrets:", "      - netrc"] : []),
    ...(purpose === "serve" ? served(answers, service) : []),
  ];
}

/** What compose.gpu.yaml says otherwise of a service. */
export function gpuLines(answers: Answers, service: ComposeServicePlan): string[] {
  const { name, cpu, gpu, purpose } = service;
  const others = gpu === undefined || gpu === cpu || cpu === undefined ? undefined : gpu;
  const period = startPeriod(answers, "gpu");
  return [
    `  ${name}:`,
    ...(others === undefined
      ? []
      : [`    image: ${imageName(answers, others)}`, "    build:", `      target: ${others}`]),
    ...(purpose === "serve" ? [] : shared(answers, service, "8gb")),
    ...(purpose === "serve" && enginesBy(answers) === "script"
      ? [
          "    # An ONNX file, below the weights: the first start builds the engine of it, which the cache keeps.",
          "    environment:",
          fromShell("ENGINE_SOURCE"),
        ]
      : []),
    ...(purpose === "serve" && cpu !== undefined && period !== startPeriod(answers, "cpu")
      ? ["    healthcheck:", `      start_period: ${period}`]
      : []),
    "    deploy:",
    "      resources:",
    "        reservations:",
    "          devices:",
    "            - driver: nvidia",
    `              count: ${purpose === "serve" ? "1" : "all"}`,
    "              capabilities: [gpu]",
  ];
}

/** The volumes that the services name. Whoever works on the project has a cache of their own, as the user is another. */
export function volumeNames(answers: Answers, services: readonly ComposeServicePlan[]): string[] {
  const has = (purpose: ComposeServicePlan["purpose"]) => services.some((one) => one.purpose === purpose);
  return [
    ...(has("serve") || has("train") ? ["cache"] : []),
    ...(has("dev") ? ["dev-cache"] : []),
    ...(has("train") ? ["outputs"] : []),
    ...(has("serve") && answers.weights === "download" ? ["weights"] : []),
  ];
}

function runLines({ purpose }: ComposeServicePlan): string[] {
  return [
    `    user: "${userId}:${userId}"`,
    ...(purpose === "serve" ? ["    restart: unless-stopped"] : []),
    "    # Nothing but the volumes below can be written to.",
    "    read_only: true",
  ];
}

function devLines(answers: Answers, { name }: ComposeServicePlan): string[] {
  const owner = "${DEV_UID:-1000}";
  return [
    "      args:",
    "        # Who owns the source: DEV_UID in .env, where `id -u` does not say 1000.",
    `        DEV_UID: ${owner}`,
    `    user: "${owner}:${owner}"`,
    ...(name === "notebook"
      ? [
          `    command: ${json(["jupyter", answers.jupyter ?? "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"])}`,
          "    ports:",
          '      - "127.0.0.1:8888:8888"',
        ]
      : ["    stdin_open: true", "    tty: true"]),
  ];
}

/** Nothing where nothing is on a GPU, torch is not there and nothing trains: the default of 64 MB is enough. */
function shared(answers: Answers, { purpose, gpu }: ComposeServicePlan, size: string): string[] {
  if (gpu === undefined && !usesTorch(answers) && purpose !== "train") return [];
  return [
    "    # Tensors go from process to process through shared memory; the default of 64 MB ends in a bus error.",
    `    shm_size: ${purpose === "serve" ? "1gb" : size}`,
  ];
}

/** What a service goes by: of the shell that runs compose, but for the places of secrets. */
function environment(answers: Answers, purpose: ComposeServicePlan["purpose"]): string[] {
  const asked = answers.weights === "download" ? ["WEIGHTS_URL", "HF_MODEL"] : [];
  const serve = [...asked.map(fromShell), ...(usesHub(answers) ? [`      HF_TOKEN_PATH: ${tokenPath}`] : [])];
  const train = usesWandb(answers) ? [`      NETRC: ${netrcPath}`] : [];
  const lines = purpose === "serve" ? serve : purpose === "train" ? train : [];
  return lines.length === 0 ? [] : ["    environment:", ...lines];
}

function fromShell(name: string): string {
  return `      ${name}: \${${name}:-}`;
}

function volumes(answers: Answers, purpose: ComposeServicePlan["purpose"]): string[] {
  const weights = weightsPath(answers.weightFolder);
  const folder = answers.weightFolder;
  if (purpose === "dev") {
    const own = environmentFolder(answers);
    return [
      `      - .:${appFolder}`,
      ...(own === undefined
        ? []
        : ["      # Keeps the environment of the image beside the mounted source.", `      - ${own}`]),
      `      - dev-cache:${cacheFolder}`,
    ];
  }
  if (purpose === "train") {
    const data = answers.dataFolders.map((one) => `      - ./${one}:${appFolder}/${one}:ro`);
    return [...data, `      - outputs:${outputFolder}`, `      - cache:${cacheFolder}`];
  }
  return [
    ...(answers.weights === "volume" && folder !== undefined ? [`      - ./${folder}:${weights}:ro`] : []),
    ...(answers.weights === "download" ? [`      - weights:${weights}`] : []),
    `      - cache:${cacheFolder}`,
  ];
}

function served(answers: Answers, { cpu }: ComposeServicePlan): string[] {
  if (answers.port === undefined) return [];
  return [
    "    ports:",
    "      # This machine only: put a proxy with TLS in front for others.",
    `      - "127.0.0.1:${answers.port}:${answers.port}"`,
    "    healthcheck:",
    `      test: ${json(["CMD", ...healthCommand(answers, answers.port)])}`,
    "      interval: 30s",
    "      timeout: 5s",
    "      retries: 3",
    `      start_period: ${startPeriod(answers, cpu === undefined ? "gpu" : "cpu")}`,
  ];
}

function imageName(answers: Answers, stage: StageName): string {
  const { repository, tag } = imageOf(answers, stage);
  return `${repository}:${tag}`;
}
