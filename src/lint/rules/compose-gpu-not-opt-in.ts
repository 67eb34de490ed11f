import { gpuRequest } from "../../dockerfile/compose-values.ts";
import { isExtraFile } from "../knowledge/compose-overrides.ts";
import { defineRule } from "../rule.ts";

/** `gpu.yaml`: somebody asks for it by name, as for every file that is laid over another. */
const gpuFile = /gpu|cuda|nvidia/i;

/** `docker_compose/nvidia/gpu/compose.yaml`: the variant for such machines, beside others. */
const gpuFolder = /(?:^|[/\\])(?:gpu|cuda|nvidia)[/\\][^/\\]*$/i;

export const composeGpuNotOptIn = defineRule({
  kind: "compose",
  name: "compose-gpu-not-opt-in",
  group: "compose",
  severity: "info",
  aliases: [],
  meaning: "A service of the main compose file reserves a GPU, so it cannot start on a machine without one.",
  why: "Docker has no 'a GPU if there is one': with a reservation the container is refused with `could not select device driver`, on laptops, CI runners and Macs. Move the reservation to a second file (`docker compose -f compose.yaml -f compose.gpu.yaml up`), or give the service a profile. Leave it where every machine that runs this file has a GPU; where all services of the file reserve one it is silent.",
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    gpus: all\n  board:\n    image: lab/board:1\n",
      good: "services:\n  train:\n    image: lab/train:1\n    profiles: [gpu]\n    gpus: all\n  board:\n    image: lab/board:1\n",
    },
  ],
  check(file, report, context) {
    if (isExtraFile(context) || gpuFile.test(context.path.slice(context.path.search(/[^/\\]*$/)))) return;
    if (gpuFolder.test(context.path)) return;
    // Where all services need one there is nothing to run without it.
    if (file.services.every((service) => gpuRequest(service) !== undefined)) return;
    for (const service of file.services) {
      const at = gpuRequest(service);
      if (at === undefined || service.get("profiles") !== undefined) continue;
      report({
        at,
        message: `${service.name} cannot start on a machine without an NVIDIA GPU; a profile or a second file makes it a choice`,
      });
      // One is enough: they are all mended in one go.
      return;
    }
  },
});
