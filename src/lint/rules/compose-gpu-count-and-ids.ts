import { devicesOf } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeGpuCountAndIds = defineRule({
  kind: "compose",
  name: "compose-gpu-count-and-ids",
  group: "compose",
  severity: "error",
  aliases: [],
  meaning: "A device has both `count` and `device_ids`.",
  why: "The Compose specification lets a device have one of the two and Docker refuses both: the service does not start. Keep `device_ids` to name GPUs, `count` to take any.",
  examples: [
    {
      bad: 'services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              count: 1\n              device_ids: ["0"]\n              capabilities: [gpu]\n',
      good: 'services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              device_ids: ["0"]\n              capabilities: [gpu]\n',
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      for (const { count, ids, path } of devicesOf(service)) {
        if (count === undefined || ids === undefined) continue;
        report({
          at: service.range(...path, "count"),
          message: `${service.name} asks for ${count} device${count === "1" ? "" : "s"} and names ${ids.join(", ")}, which Docker refuses`,
        });
      }
    }
  },
});
