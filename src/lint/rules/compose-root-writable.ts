import { purposeOf } from "../../dockerfile/compose-values.ts";
import { isOnlyOverride, servicesBelow } from "../knowledge/compose-overrides.ts";
import { defineRule } from "../rule.ts";

export const composeRootWritable = defineRule({
  kind: "compose",
  name: "compose-root-writable",
  group: "compose",
  severity: "off",
  aliases: ["writable-filesystem-service"],
  meaning: "A service that answers requests may write to its whole file system.",
  why: "With `read_only: true` and a `tmpfs` for `/tmp` a hole in the service cannot change its code or leave a program behind. Off by default, because the program must be made for it: Hugging Face, matplotlib, numba and Triton write caches into the home folder, and each needs a variable that leads it elsewhere. A file that is laid over another (`compose.gpu.yaml`) is not asked about services of that one.",
  examples: [
    {
      bad: "services:\n  inference:\n    image: lab/serve:1\n",
      good: "services:\n  inference:\n    image: lab/serve:1\n    read_only: true\n    tmpfs:\n      - /tmp\n",
    },
  ],
  check(file, report, context) {
    const below = servicesBelow(context);
    for (const service of file.services) {
      if (
        !/infer|serv(?:e|ing)(?:\W|_|$)|predict|tritonserver|torchserve|uvicorn|gunicorn/.test(
          purposeOf(service),
        )
      )
        continue;
      if (service.get("read_only") !== undefined || isOnlyOverride(service, context, below)) continue;
      report({ at: service.at, message: `${service.name} may write to its whole file system` });
    }
  },
});
