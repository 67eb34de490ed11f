import type { Range } from "../../dockerfile/text.ts";
import { expandKnown } from "../../dockerfile/stage-state.ts";
import { defineRule } from "../rule.ts";

export const registryNotAllowed = defineRule({
  kind: "dockerfile",
  name: "registry-not-allowed",
  group: "base",
  severity: "error",
  aliases: ["DL3026"],
  meaning: "An image comes from a registry that the configuration does not list.",
  why: "It is silent until `.ddiff.yaml` names `allowed-registries`. FROM, `COPY --from` and `RUN --mount=from=` are looked at; an image without a registry comes from docker.io.",
  examples: [
    {
      bad: "FROM quay.io/org/tool:1\nRUN true\n",
      good: "FROM registry.lab.example/org/tool:1\nRUN true\n",
      options: { allowedRegistries: ["*.lab.example"] },
    },
  ],
  check(file, report, { options }) {
    const { allowedRegistries } = options;
    if (allowedRegistries === undefined || allowedRegistries.length === 0) return;
    const allowed = allowedRegistries.map(patternOf);
    const look = (image: string | undefined, at: Range, stage: number): void => {
      if (image === undefined || image === "" || image === "scratch" || /^\d+$/.test(image)) return;
      if (file.stages.some((one) => one.index < stage && one.name === image.toLowerCase())) return;
      const registry = registryOf(image);
      const names =
        registry === "docker.io" ? ["docker.io", "hub.docker.com", "index.docker.io"] : [registry];
      if (!names.some((name) => allowed.some((one) => one.test(name))))
        report({ at, message: `${registry} is not among the registries that images may come from` });
    };
    for (const stage of file.stages) {
      if (stage.image !== undefined && stage.base.kind === "image")
        look(stage.base.image, stage.image, stage.index);
      for (const instruction of stage.instructions) {
        const { variables } = file.before(instruction);
        for (const flag of instruction.flags) {
          const value = flag.value ?? "";
          const from =
            flag.name === "from"
              ? value
              : flag.name === "mount"
                ? /(?:^|,)from=([^,]+)/.exec(value)?.[1]
                : undefined;
          if (from !== undefined) look(expandKnown(from, variables, file.escape), flag, stage.index);
        }
      }
    }
  },
});

function registryOf(image: string): string {
  const first = image.split("/")[0] ?? "";
  return image.includes("/") && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}

function patternOf(allowed: string): RegExp {
  return new RegExp(`^${allowed.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*")}$`);
}
