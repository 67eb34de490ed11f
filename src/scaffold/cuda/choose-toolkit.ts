import { findToolkit, toolkitBuildsFor, toolkits } from "../../catalog/cuda.ts";
import { findFramework, frameworks } from "../../catalog/frameworks.ts";
import { majorOf, minorOf } from "../../catalog/versions.ts";
import type { DdiffError } from "../../util/errors.ts";
import { impossible } from "../impossible.ts";
import type { Found, Framework } from "../project.ts";
import { imageStarts, type Machine, toolkitsThatRun } from "./machine.ts";

/** Where nothing asks for another: it runs on every driver since 525, and NVIDIA has images for each living Ubuntu. */
const usualCuda = "12.8";

/**
 * CUDA for frameworks that are not torch, and for projects that only were told to use a GPU; with a half sentence that says why. Where CUDA
 * comes from NVIDIA's image (`ofImage`), one whose image starts there goes before newer ones. Throws `IMPOSSIBLE`.
 */
export function chooseToolkit(
  user: Found<Framework> | undefined,
  machine: Machine,
  ofImage: boolean,
): { readonly cuda: string; readonly why: string } {
  const wanted = machine.cuda ?? user?.value.cuda ?? (user && cudaOf(user.value));
  const fits = toolkitsThatRun(machine).filter(
    (one) => wanted === undefined || one.cuda === wanted || String(majorOf(one.cuda)) === wanted,
  );
  const starts = ofImage ? fits.filter((one) => imageStarts(machine, one.cuda).runs !== false) : fits;
  const among = starts.length > 0 ? starts : fits;
  const chosen = among.find((one) => one.cuda === usualCuda) ?? among[0];
  if (chosen === undefined) throw toolkitRefusal(machine, wanted);
  const because =
    machine.cuda !== undefined
      ? "asked for"
      : !among.some((one) => one.cuda === usualCuda) && among !== fits
        ? `the newest whose image starts on driver ${machine.driver}`
        : user === undefined || wanted === undefined
          ? "there is an image for it on each Ubuntu"
          : `${[user.value.name, user.value.version].filter((one) => one !== undefined).join(" ")} is built with ${wanted === chosen.cuda ? "it" : `CUDA ${wanted}`}`;
  return { cuda: chosen.cuda, why: `${because}; needs driver ${chosen.minimumDriver} or newer` };
}

/** `IMPOSSIBLE`: why no CUDA, or not the one that is wanted (`12.8`, `12`), runs on the machine, and what does. */
export function toolkitRefusal(machine: Machine, wanted?: string): DdiffError {
  const [newest] = toolkitsThatRun(machine);
  const driver = machine.driver === undefined ? "this machine" : `driver ${machine.driver}`;
  if (wanted === undefined) {
    const oldest = toolkits.at(-1)?.minimumDriver ?? "";
    return impossible(
      `no CUDA runs on ${driver} with the GPUs that were named`,
      newest === undefined
        ? `Install driver ${oldest} or newer.`
        : `The nearest that goes is CUDA ${newest.cuda}.`,
    );
  }
  const row = findToolkit(wanted) ?? toolkits.find((one) => String(majorOf(one.cuda)) === wanted);
  const nearest = newest === undefined ? "" : `The nearest that goes is CUDA ${newest.cuda}`;
  if (row === undefined)
    return impossible(
      `the catalogue has no CUDA ${wanted}`,
      nearest === "" ? "Choose another." : `${nearest}.`,
    );
  const gpu = machine.gpus.find((one) => toolkitBuildsFor(row.cuda, one.capability) === false);
  if (gpu !== undefined) {
    return impossible(
      `CUDA ${wanted} has no code for ${gpu.name} (compute capability ${gpu.capability})`,
      nearest === "" ? "Choose another GPU." : `${nearest}.`,
    );
  }
  const needs = row.minimumDriver;
  return impossible(
    `CUDA ${wanted} does not run on ${driver} with what was asked for`,
    nearest === ""
      ? `Install driver ${needs} or newer.`
      : `${nearest}; CUDA ${wanted} needs driver ${needs}.`,
  );
}

/** The CUDA that a framework's wheels were built with: `12.5`, or only `12`. */
function cudaOf({ name, version }: Framework): string | undefined {
  if (name !== "tensorflow" && name !== "jax" && name !== "onnxruntime-gpu") return undefined;
  const row = version === undefined ? frameworks[name][0] : findFramework(name, minorOf(version));
  return row?.cuda;
}
