import type { Answers, OutputFile } from "../answers.ts";
import { composeServices, type ComposeServicePlan } from "./compose-plan.ts";
import { gpuLines, serviceLines, volumeNames } from "./compose-services.ts";
import { usesToken, usesWandb } from "./dockerfile-plan.ts";

/** compose.yaml runs anywhere; compose.gpu.yaml adds the GPUs, as a reservation is an error on a machine without one. */
export function compose(answers: Answers): readonly OutputFile[] {
  const services = composeServices(answers);
  if (services.length === 0) return [];
  const gpu = services.filter((service) => service.gpu !== undefined);
  return [
    { path: "compose.yaml", text: composeFile(answers, services) },
    ...(gpu.length === 0 ? [] : [{ path: "compose.gpu.yaml", text: gpuFile(answers, gpu) }]),
  ];
}

function composeFile(answers: Answers, services: readonly ComposeServicePlan[]): string {
  const lines = [
    `# ${answers.name}, written by \`ddiff init\` from ddiff.yaml, and yours to change.`,
    ...usage(services),
    `name: ${answers.name}`,
    "",
    "services:",
    ...apart(services.map((service, at) => serviceLines(answers, service, at > 0))),
    "",
    "volumes:",
    ...volumeNames(answers, services).map((name) => `  ${name}:`),
    ...secrets(answers),
  ];
  return `${lines.join("\n")}\n`;
}

/** By files, and empty where nothing is named: Compose refuses secrets of the environment for services with a read-only root. */
function secrets(answers: Answers): string[] {
  const lines = [
    ...(usesToken(answers)
      ? [
          "  hf_token:",
          "    # A file of the token that user 10001 may read; open models need none.",
          "    file: ${HF_TOKEN_FILE:-/dev/null}",
        ]
      : []),
    ...(usesWandb(answers)
      ? [
          "  netrc:",
          "    # The key of Weights & Biases, as `wandb login` writes it to ~/.netrc; user 10001 has to be able to read it.",
          "    file: ${NETRC_FILE:-/dev/null}",
        ]
      : []),
  ];
  return lines.length === 0 ? [] : ["", "secrets:", ...lines];
}

/** How the services are started: as comments. */
function usage(services: readonly ComposeServicePlan[]): string[] {
  const both = "-f compose.yaml -f compose.gpu.yaml";
  const [first, ...others] = services;
  const isGpuOnly = first?.gpu !== undefined && first.cpu === undefined;
  const files = isGpuOnly ? ` ${both}` : "";
  return [
    ...(isGpuOnly ? [`# ${first.name} needs a GPU, which compose.gpu.yaml gives it:`] : []),
    `#   docker compose${files} up --build`,
    ...others.map(({ name }) =>
      name === "notebook"
        ? `#   docker compose${files} up --build notebook (its address stands in the log)`
        : `#   docker compose${files} run --build --rm ${name}`,
    ),
    ...(isGpuOnly || services.every(({ gpu }) => gpu === undefined)
      ? []
      : [`# With GPUs: docker compose ${both} up --build`]),
  ];
}

function gpuFile(answers: Answers, services: readonly ComposeServicePlan[]): string {
  const lines = [
    "# Adds the GPUs: docker compose -f compose.yaml -f compose.gpu.yaml up --build",
    "# Apart, as a reservation is an error on a machine without a GPU.",
    "services:",
    ...apart(services.map((service) => gpuLines(answers, service))),
  ];
  return `${lines.join("\n")}\n`;
}

/** Blocks of lines with an empty one between. */
function apart(blocks: readonly (readonly string[])[]): string[] {
  return blocks.flatMap((block, at) => (at === 0 ? block : ["", ...block]));
}
