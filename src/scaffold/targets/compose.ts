import type { Answers, OutputFile, StageName } from "../answers.ts";
import { appFolder, cacheFolder, outputFolder, userId, weightsPath } from "../image-layout.ts";
import { imageOf } from "../image-names.ts";
import { healthCommand } from "./dockerfile-final-stages.ts";
import { json } from "./dockerfile-text.ts";

/** A service of the two files. */
interface Service {
  readonly name: string;
  readonly purpose: "serve" | "train" | "dev";
  /** Without a GPU; undefined where there is only a stage for GPUs. */
  readonly cpu: StageName | undefined;
  readonly gpu: StageName | undefined;
}

/** compose.yaml runs anywhere; compose.gpu.yaml adds the GPUs, as a reservation is an error on a machine without one. */
export function compose(answers: Answers): readonly OutputFile[] {
  const services = servicesOf(answers);
  if (services.length === 0) return [];
  const gpu = services.filter((service) => service.gpu !== undefined);
  return [
    { path: "compose.yaml", text: composeFile(answers, services) },
    ...(gpu.length === 0 || answers.cuda === undefined
      ? []
      : [{ path: "compose.gpu.yaml", text: gpuFile(answers, gpu) }]),
  ];
}

function servicesOf({ stages, cuda }: Answers): Service[] {
  const has = (name: StageName) => (stages.includes(name) ? name : undefined);
  const gpuDev = cuda === undefined ? undefined : has("dev");
  const all: Service[] = [
    { name: "serve", purpose: "serve", cpu: has("serve-cpu"), gpu: has("serve-gpu") },
    { name: "train", purpose: "train", cpu: has("train-cpu"), gpu: has("train-gpu") },
    { name: "dev", purpose: "dev", cpu: has("dev"), gpu: gpuDev },
  ];
  return all.filter(({ cpu, gpu }) => cpu !== undefined || gpu !== undefined);
}

function composeFile(answers: Answers, services: readonly Service[]): string {
  const main = services[0];
  const others = services.slice(1).filter(({ name }) => name !== main?.name);
  const lines = [
    `# ${answers.name}, written by \`ddiff init\` from ddiff.yaml, and yours to change.`,
    "#   docker compose up --build",
    ...others.map(({ name }) => `#   docker compose run --build --rm ${name}`),
    ...(answers.cuda === undefined
      ? []
      : ["# With GPUs: docker compose -f compose.yaml -f compose.gpu.yaml up --build"]),
    `name: ${answers.name}`,
    "",
    "services:",
    ...services.flatMap((service, at) => [
      ...(at === 0 ? [] : [""]),
      ...serviceLines(answers, service, at > 0),
    ]),
    "",
    "volumes:",
    ...volumeNames(answers, services).map((name) => `  ${name}:`),
    ...(answers.weights === "download"
      ? [
          "",
          "secrets:",
          "  hf_token:",
          "    # Of the shell that runs compose; may be empty for open models.",
          "    environment: HF_TOKEN",
        ]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

function serviceLines(answers: Answers, service: Service, optional: boolean): string[] {
  const { purpose } = service;
  const stage = service.cpu ?? service.gpu ?? "dev";
  const serves = purpose === "serve";
  const downloads = serves && answers.weights === "download";
  return [
    `  ${service.name}:`,
    ...(optional ? [`    profiles: [${service.name}]`] : []),
    `    image: ${imageName(answers, stage)}`,
    "    build:",
    "      context: .",
    `      target: ${stage}`,
    `    user: "${userId}:${userId}"`,
    ...(serves ? ["    restart: unless-stopped"] : []),
    ...(purpose === "dev"
      ? ["    stdin_open: true", "    tty: true"]
      : ["    # Nothing but the volumes below can be written to.", "    read_only: true"]),
    "    tmpfs:",
    "      - /tmp",
    ...(usesWorkers(answers, purpose)
      ? [
          "    # Workers of a DataLoader pass batches through shared memory; the default of 64 MB ends in a bus error.",
          `    shm_size: ${purpose === "serve" ? "1gb" : "2gb"}`,
        ]
      : []),
    "    cap_drop: [ALL]",
    "    security_opt:",
    "      - no-new-privileges:true",
    ...environment(downloads ? ["WEIGHTS_URL", "HF_MODEL"] : purpose === "train" ? [] : []),
    "    volumes:",
    ...volumes(answers, purpose),
    ...(downloads ? ["    secrets:", "      - hf_token"] : []),
    ...(serves && answers.port !== undefined
      ? [
          "    ports:",
          "      # This machine only: put a proxy with TLS in front for others.",
          `      - "127.0.0.1:${answers.port}:${answers.port}"`,
          "    healthcheck:",
          `      test: ${json(["CMD", ...healthCommand(answers, answers.port)])}`,
          "      interval: 30s",
          "      timeout: 5s",
          "      retries: 3",
          `      start_period: ${downloads ? "300s" : "60s"}`,
        ]
      : []),
  ];
}

function usesWorkers({ frameworks = [], torch }: Answers, purpose: Service["purpose"]): boolean {
  const hasTorch = torch !== undefined || frameworks.some(({ name }) => name === "torch" || name === "vllm");
  return hasTorch || purpose === "train";
}

function environment(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return ["    environment:", ...names.map((name) => `      ${name}: \${${name}:-}`)];
}

function volumes(answers: Answers, purpose: Service["purpose"]): string[] {
  const weights = weightsPath(answers.weightFolder);
  const folder = answers.weightFolder;
  if (purpose === "dev")
    return [
      `      - .:${appFolder}`,
      ...(hasOwnEnvironment(answers)
        ? [
            `      # Keeps the environment of the image beside the mounted source.`,
            `      - ${appFolder}/${answers.manager === "pixi" ? ".pixi" : ".venv"}`,
          ]
        : []),
      `      - cache:${cacheFolder}`,
    ];
  const data = answers.dataFolders.map((one) => `      - ./${one}:${appFolder}/${one}:ro`);
  if (purpose === "train")
    return [...data, `      - outputs:${outputFolder}`, `      - cache:${cacheFolder}`];
  return [
    ...(answers.weights === "volume" && folder !== undefined ? [`      - ./${folder}:${weights}:ro`] : []),
    ...(answers.weights === "download" ? [`      - weights:${weights}`] : []),
    `      - cache:${cacheFolder}`,
  ];
}

function hasOwnEnvironment({ manager }: Answers): boolean {
  return manager !== "none" && manager !== "conda" && manager !== "r";
}

function volumeNames(answers: Answers, services: readonly Service[]): string[] {
  const has = (purpose: Service["purpose"]) => services.some((service) => service.purpose === purpose);
  return [
    "cache",
    ...(has("train") ? ["outputs"] : []),
    ...(has("serve") && answers.weights === "download" ? ["weights"] : []),
  ];
}

function imageName(answers: Answers, stage: StageName): string {
  const { repository, tag } = imageOf(answers, stage);
  return `${repository}:${tag}`;
}

function gpuFile(answers: Answers, services: readonly Service[]): string {
  const lines = [
    "# Adds the GPUs: docker compose -f compose.yaml -f compose.gpu.yaml up --build",
    "# Apart, as a reservation is an error on a machine without a GPU.",
    "services:",
    ...services.flatMap((service, at) => [...(at === 0 ? [] : [""]), ...gpuLines(answers, service)]),
  ];
  return `${lines.join("\n")}\n`;
}

function gpuLines(answers: Answers, { name, gpu, purpose }: Service): string[] {
  const count = purpose === "serve" ? "1" : "all";
  return [
    `  ${name}:`,
    ...(gpu === undefined || gpu === "dev"
      ? []
      : [
          `    image: ${imageName(answers, gpu)}`,
          "    build:",
          `      target: ${gpu}`,
          "    read_only: true",
        ]),
    "    # For DataLoader workers and NCCL.",
    `    shm_size: ${purpose === "serve" ? "1gb" : "8gb"}`,
    "    deploy:",
    "      resources:",
    "        reservations:",
    "          devices:",
    "            - driver: nvidia",
    `              count: ${count}`,
    "              capabilities: [gpu]",
  ];
}
