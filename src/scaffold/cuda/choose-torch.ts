import { findToolkit } from "../../catalog/cuda.ts";
import { findTorch, type TorchChoice, torchHasPython } from "../../catalog/torch.ts";
import { compareVersions } from "../../catalog/versions.ts";
import type { Answers } from "../answers.ts";
import { evidence } from "../evidence.ts";
import { impossible } from "../impossible.ts";
import type { Found, Framework, Project } from "../project.ts";
import { type Machine, toolkitsThatRun } from "./machine.ts";
import { toolkitRefusal } from "./choose-toolkit.ts";
import { hasCodeFor, surelyFor, torchBuilds } from "./torch-builds.ts";
import { torchRefusal } from "./torch-refusal.ts";
import { vllmDemands } from "./vllm.ts";

/** Which build of torch, and half sentences that say why. */
interface TorchDecision {
  readonly cuda: string;
  readonly torch: string;
  readonly why: { readonly cuda: string; readonly torch: string };
}

/**
 * The build of torch with CUDA for a machine: what the project pins, else the newest that fits. `earlier` are the answers of the run before.
 * Throws `IMPOSSIBLE`.
 */
export function chooseTorch(
  project: Project,
  torch: Found<Framework>,
  machine: Machine,
  earlier: Answers | undefined,
): TorchDecision {
  const vllm = vllmDemands(project);
  const pinned = torch.value.version ?? vllm?.torch;
  if (pinned !== undefined && findTorch(pinned) === undefined) {
    const cuda = machine.cuda ?? torch.value.cuda ?? toolkitsThatRun(machine)[0]?.cuda;
    if (cuda === undefined) throw toolkitRefusal(machine);
    const why = `the catalogue does not know torch ${pinned}: not checked`;
    return { cuda, torch: pinned, why: { cuda: why, torch: evidence(torch) } };
  }
  const locked = torch.value.version === undefined ? undefined : project.lockFile;
  const ownCuda = torch.value.cuda;
  // Whose wheels are those of PyPI, whatever fits.
  const ofPypi = ownCuda === undefined ? (locked ?? vllm?.name) : undefined;
  const wanted = machine.cuda ?? ownCuda;
  const fitting = torchBuilds(project, machine, pinned).filter(
    (one) =>
      (wanted === undefined || one.cuda === wanted) &&
      (ownCuda === undefined || one.cuda === ownCuda) &&
      (ofPypi === undefined || one.isPypi),
  );
  const found = surelyFor(fitting, machine);
  const kept = found.find((one) => one.torch === earlier?.torch && one.cuda === earlier.cuda);
  const newest = found.filter((one) => one.torch === found[0]?.torch);
  // PyPI's own wheel needs no index: it is taken where it fits.
  const chosen = kept ?? newest.find((one) => one.isPypi) ?? newest[0];
  if (chosen === undefined) throw torchRefusal(project, torch, machine, { pinned, ofPypi });
  return {
    cuda: chosen.cuda,
    torch: chosen.torch,
    why: {
      cuda: cudaWhy(chosen, machine, torch, kept !== undefined),
      torch:
        torch.value.version === undefined && vllm !== undefined
          ? `${vllm.name} is built with it; ${evidence(torch)}`
          : torchWhy(torch, chosen.torch),
    },
  };
}

/** torch of a project without CUDA: the one that is pinned, or the newest for this Python. Throws `IMPOSSIBLE`. */
export function chooseTorchForCpu(
  project: Project,
  torch: Found<Framework>,
  python: string,
  earlier: Answers | undefined,
): string | undefined {
  const pinned = torch.value.version;
  if (pinned === undefined) {
    const all = torchBuilds(project, { gpus: [], driver: undefined, python }, undefined);
    return (all.find((one) => one.torch === earlier?.torch) ?? all[0])?.torch;
  }
  if (torchHasPython(pinned, python) === false) {
    const [oldest, newest] = findTorch(pinned)?.python ?? [];
    throw impossible(
      `torch ${pinned} has no wheels for Python ${python}`,
      `It has them for ${oldest} to ${newest}: take --python ${compareVersions(python, newest ?? "") > 0 ? newest : oldest}.`,
    );
  }
  return pinned;
}

/** Half a sentence: why this torch. */
export function torchWhy(torch: Found<Framework> | undefined, version: string | undefined): string {
  if (torch === undefined) return "not asked for";
  if (torch.value.version !== undefined || version === undefined) return evidence(torch);
  return `the newest that fits; ${evidence(torch)}`;
}

function cudaWhy(chosen: TorchChoice, machine: Machine, torch: Found<Framework>, kept: boolean): string {
  const unknown = machine.gpus.filter((gpu) => hasCodeFor(chosen, gpu) === undefined);
  if (unknown.length > 0)
    return `${evidence(torch)}; the catalogue does not know whether it has code for ${unknown.map((one) => one.name).join(", ")}`;
  if (machine.cuda !== undefined) return "asked for";
  if (torch.value.cuda !== undefined) return evidence(torch);
  const needs = `driver ${findToolkit(chosen.cuda)?.minimumDriver ?? "?"} or newer`;
  const on = [
    ...(machine.gpus.length === 0 ? [] : [`runs on ${machine.gpus.map((one) => one.name).join(", ")}`]),
    machine.driver === undefined ? `needs ${needs}` : `runs on driver ${machine.driver}`,
  ]
    .join(" and ")
    .replace(" and runs on ", " and on ");
  const which = kept ? "chosen earlier" : chosen.isPypi ? "of the wheel on PyPI" : "the newest that fits";
  return `${which}; ${on}`;
}
