import { devicesOf, isGpu } from "../../dockerfile/compose-values.ts";
import { removeEntry } from "../knowledge/compose-edits.ts";
import { defineRule } from "../rule.ts";

export const composeRuntimeAndDevices = defineRule({
  kind: "compose",
  name: "compose-runtime-and-devices",
  group: "compose",
  severity: "warning",
  aliases: [],
  meaning: "A service asks for GPUs twice, by `runtime: nvidia` and by a device reservation.",
  why: "The reservation alone is enough since Docker 19.03. `runtime: nvidia` works only where an administrator has registered that runtime with the daemon, and fails elsewhere with `unknown or invalid runtime name`; with it NVIDIA_VISIBLE_DEVICES gives the container GPUs that the reservation did not. Keep `runtime` without `deploy` on Jetson and old Docker.",
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    runtime: nvidia\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - capabilities: [gpu]\n",
      good: "services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - capabilities: [gpu]\n",
      fixed:
        "services:\n  train:\n    image: lab/train:1\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - capabilities: [gpu]\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const reserves = service.get("gpus") !== undefined || devicesOf(service).some(isGpu);
      if (service.get("runtime") !== "nvidia" || !reserves) continue;
      const place = service.place("runtime");
      const edit = place?.own === true ? removeEntry(file, place) : undefined;
      report({
        at: service.range("runtime"),
        message: `${service.name} reserves its GPUs already; runtime: nvidia only adds a way to fail`,
        ...(edit === undefined
          ? {}
          : { fix: { title: "remove runtime: nvidia", risk: "unsafe" as const, edits: [edit] } }),
      });
    }
  },
});
