import { satisfies } from "@renovatebot/pep440";
import { type TorchChoice, torchFor, torchHasKernels } from "../../catalog/torch.ts";
import type { Project } from "../project.ts";
import type { Machine } from "./machine.ts";

/** Builds that fit the machine and what the project asks for, newest first. */
export function torchBuilds(
  project: Project,
  { gpus, driver, python }: Omit<Machine, "cuda">,
  pinned: string | undefined,
): TorchChoice[] {
  const capabilities = gpus.map((one) => one.capability);
  const all = torchFor({ capabilities, driver, python, torch: pinned });
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

/** Those of which it is known that they have code for the GPUs; all where that is known of none. */
export function surelyFor(builds: readonly TorchChoice[], { gpus }: Pick<Machine, "gpus">): TorchChoice[] {
  const sure = builds.filter((build) =>
    gpus.every(({ capability }) => torchHasKernels(build.torch, build.cuda, capability) === true),
  );
  return sure.length > 0 ? sure : [...builds];
}
