import type { Project } from "../project.ts";

/** The package without which nothing runs, and which runs on GPUs only. */
export function gpuOnly({ frameworks, requirements }: Project): string | undefined {
  const names = new Set(frameworks.map((one) => one.value.name));
  const found = requirements.find(
    ({ name, groups }) =>
      (groups.length === 0 || groups.some((one) => one === "main" || one === "default")) &&
      ((names.has("vllm") && name === "vllm") ||
        (names.has("tensorrt") && /^tensorrt(?:-cu\d+)?$/.test(name))),
  );
  return found?.name;
}
