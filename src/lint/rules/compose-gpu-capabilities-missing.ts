import { devicesOf } from "../../dockerfile/compose-values.ts";
import { insertEntry } from "../knowledge/compose-edits.ts";
import { defineRule } from "../rule.ts";

export const composeGpuCapabilitiesMissing = defineRule({
  kind: "compose",
  name: "compose-gpu-capabilities-missing",
  group: "compose",
  severity: "error",
  aliases: [],
  meaning: "A reserved device does not say `capabilities: [gpu]`.",
  why: "`capabilities` is the one field of a device that the Compose specification requires: without it the whole file is refused.",
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              count: 1\n",
      good: "services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              count: 1\n              capabilities: [gpu]\n",
      fixed:
        "services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - capabilities: [gpu]\n              driver: nvidia\n              count: 1\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      for (const device of devicesOf(service)) {
        if (device.capabilities !== undefined || device.driver !== "nvidia") continue;
        const place = service.place(...device.path);
        const edit = place?.own === true ? insertEntry(file, place.value, "capabilities: [gpu]") : undefined;
        report({
          at: device.at,
          message: `${service.name} reserves a device without capabilities, so Compose refuses the file`,
          ...(edit === undefined
            ? {}
            : { fix: { title: "add capabilities: [gpu]", risk: "safe" as const, edits: [edit] } }),
        });
      }
    }
  },
});
