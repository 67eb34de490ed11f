import type { Answers, StageName } from "../answers.ts";

/** A service of the compose files. */
export interface ComposeServicePlan {
  readonly name: "serve" | "train" | "dev" | "notebook";
  readonly purpose: "serve" | "train" | "dev";
  /** Its stage without a GPU; undefined where there is only one for GPUs. */
  readonly cpu: StageName | undefined;
  /** Its stage with GPUs. */
  readonly gpu: StageName | undefined;
}

/** The services that there are stages for. */
export function composeServices({ stages, cuda, jupyter }: Answers): ComposeServicePlan[] {
  const has = (name: StageName) => (stages.includes(name) ? name : undefined);
  const gpu = (name: StageName) => (cuda === undefined ? undefined : has(name));
  const dev = { purpose: "dev", cpu: has("dev"), gpu: gpu("dev") } as const;
  const all: ComposeServicePlan[] = [
    { name: "serve", purpose: "serve", cpu: has("serve-cpu"), gpu: gpu("serve-gpu") },
    { name: "train", purpose: "train", cpu: has("train-cpu"), gpu: gpu("train-gpu") },
    { name: "dev", ...dev },
    ...(jupyter === undefined ? [] : [{ name: "notebook", ...dev } as const]),
  ];
  return all.filter((one) => one.cpu !== undefined || one.gpu !== undefined);
}
