import {
  bytesOf,
  gpuRequest,
  mountsOf,
  purposeOf,
  stepsAt,
  textAt,
  textsAt,
} from "../../dockerfile/compose-values.ts";
import type { ComposeService } from "../../dockerfile/compose.ts";
import { servicesBelow } from "../knowledge/compose-overrides.ts";
import { defineRule } from "../rule.ts";

const workers = /train|finetun|fine-tun|pytorch|(?:^|\W)torch(?:run)?(?:\W|$)|lightning|vllm|deepspeed/;
const docker = 64 * 1024 * 1024;

const onShm = (target: string | undefined): boolean => /^\/dev\/shm(?:[:/]|$)/.test(target ?? "");

export const composeSharedMemory = defineRule({
  kind: "compose",
  name: "compose-shared-memory",
  group: "compose",
  severity: "warning",
  aliases: [],
  meaning: "A training service on GPUs has Docker's 64 MB of shared memory.",
  why: "DataLoader workers and NCCL pass tensors through /dev/shm, which Docker makes 64 MB large: training dies with `Bus error` or `unable to open shared memory object` (pytorch #5040, #16979). `shm_size: 8gb` only sets a limit and takes no memory before it is used. It is better than `ipc: host`, which PyTorch's README names too, but which opens the host's shared memory to the container and is flagged by security scanners.",
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    gpus: all\n",
      good: "services:\n  train:\n    image: lab/train:1\n    gpus: all\n    shm_size: 8gb\n",
    },
  ],
  check(file, report, context) {
    const below = servicesBelow(context);
    for (const service of file.services) {
      const under = below.get(service.name);
      const purpose = [service, ...(under === undefined ? [] : [under])].map(purposeOf).join(" ");
      if (gpuRequest(service) === undefined || !workers.test(purpose)) continue;
      if (sharesMemory(service) || (under !== undefined && sharesMemory(under))) continue;
      const own = textAt(service, "shm_size");
      const size = own ?? (under && textAt(under, "shm_size"));
      const bytes = size === undefined ? docker : bytesOf(size);
      if (bytes === undefined || bytes > docker) continue;
      report({
        at: own === undefined ? service.at : service.range("shm_size"),
        message: `${service.name} has 64 MB of shared memory, too little for DataLoader workers and NCCL; set shm_size`,
      });
    }
  },
});

/** Whether something other than `shm_size` decides about /dev/shm. */
function sharesMemory(service: ComposeService): boolean {
  return (
    service.get("ipc") !== undefined ||
    mountsOf(service).some((one) => onShm(one.target)) ||
    (textsAt(service, "tmpfs") ?? []).some(onShm) ||
    stepsAt(service, "volumes").some((step) => onShm(textAt(service, "volumes", step, "target")))
  );
}
