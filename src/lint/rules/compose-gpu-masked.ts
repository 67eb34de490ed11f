import { devicesOf, isGpu, variablesAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeGpuMasked = defineRule({
  kind: "compose",
  name: "compose-gpu-masked",
  group: "compose",
  severity: "warning",
  aliases: [],
  meaning: "A service reserves GPUs by number and chooses among them again with CUDA_VISIBLE_DEVICES.",
  why: 'The reservation decides which GPUs are in the container, and CUDA counts those from 0. `count: all` gives the container every GPU, which stays visible to nvidia-smi and to whatever does not use CUDA; with fewer GPUs in it than the variable names, CUDA silently sees none or fewer. Say which ones once: `device_ids: ["0", "1"]`.',
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    environment:\n      - CUDA_VISIBLE_DEVICES=0,1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              count: all\n              capabilities: [gpu]\n",
      good: 'services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              device_ids: ["0", "1"]\n              capabilities: [gpu]\n',
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const device = devicesOf(service).find((one) => isGpu(one) && one.ids === undefined);
      const all =
        service.get("gpus") === "all" || (device !== undefined && (device.count ?? "all") === "all");
      const count = all ? "all" : device?.count;
      const variable = variablesAt(service, "environment").find((one) => one.name === "CUDA_VISIBLE_DEVICES");
      if (count === undefined || variable?.value === undefined) continue;
      // An empty value or -1 hides all of them on purpose, a variable may say anything.
      const chosen = /^["']?(\d+(?:,\d+)*)["']?$/.exec(variable.value)?.[1]?.split(",");
      if (chosen === undefined) continue;
      const most = Math.max(...chosen.map(Number));
      if (all) {
        report({
          at: variable.at,
          message: `${service.name} reserves all GPUs and then hides those besides ${chosen.join(", ")}; device_ids reserves just these`,
        });
      } else if (/^\d+$/.test(count) && most >= Number(count)) {
        report({
          at: variable.at,
          message: `${service.name} has ${count} GPU${count === "1" ? "" : "s"}, counted from 0, so CUDA finds none with the number ${most}`,
        });
      }
    }
  },
});
