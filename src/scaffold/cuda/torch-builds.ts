import { satisfies } from "@renovatebot/pep440";
import type { Gpu } from "../../catalog/gpus.ts";
import { type TorchChoice, torchFor, torchHasKernels } from "../../catalog/torch.ts";
import type { Project } from "../project.ts";
import { isArm } from "../platforms.ts";
import type { Machine } from "./machine.ts";

/** Builds that fit the machine and what the project asks for, newest first. */
export function torchBuilds(
  project: Project,
  { gpus, driver, python }: Omit<Machine, "cuda">,
  pinned: string | undefined,
): TorchChoice[] {
  const arm = gpus.filter(({ name }) => isArm(name));
  const capabilities = gpus.filter((one) => !arm.includes(one)).map((one) => one.capability);
  const all = torchFor({ capabilities, driver, python, torch: pinned }).filter((build) =>
    arm.every((gpu) => hasCodeFor(build, gpu) ?? pinned !== undefined),
  );
  return pinned === undefined ? all.filter((one) => isAllowed(project, one.torch)) : all;
}

function isAllowed(project: Project, torch: string): boolean {
  return project.requirements
    .filter((one) => one.name === "torch" && one.version !== "")
    .every((one) => {
      try {
        return satisfies(torch, one.version);
      } catch {
        // Poetry's and conda's own spellings: the lock file or the solver decides.
        return true;
      }
    });
}

/** Whether a build has code for a GPU, on the processor that it sits beside; undefined where the catalogue does not know. */
export function hasCodeFor(
  { torch, cuda }: Pick<TorchChoice, "torch" | "cuda">,
  { name, capability }: Pick<Gpu, "name" | "capability">,
): boolean | undefined {
  return torchHasKernels(torch, cuda, capability, isArm(name) ? "aarch64" : "x86_64");
}

/** Those of which it is known that they have code for the GPUs; all where that is known of none. */
export function surelyFor(builds: readonly TorchChoice[], { gpus }: Pick<Machine, "gpus">): TorchChoice[] {
  const sure = builds.filter((build) => gpus.every((gpu) => hasCodeFor(build, gpu) === true));
  return sure.length > 0 ? sure : [...builds];
}
