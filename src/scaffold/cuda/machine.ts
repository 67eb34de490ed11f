import { driverRuns, driverRunsWheel, toolkitBuildsFor, toolkits } from "../../catalog/cuda.ts";
import { livingCudaTags } from "../../catalog/cuda-images.ts";
import { findGpu, type Gpu, nearGpuNames } from "../../catalog/gpus.ts";
import { DdiffError } from "../../util/errors.ts";

/** Where the GPU images are to run, as far as somebody said. */
export interface Machine {
  readonly gpus: readonly Gpu[];
  /** `550`; undefined for one that is new enough. */
  readonly driver: string | undefined;
  /** Asked for: `12.8`. */
  readonly cuda: string | undefined;
  /** `3.12` */
  readonly python: string;
}

/** A GPU by what somebody typed. Throws `GPU_UNKNOWN`. */
export function gpuNamed(name: string): Gpu {
  const gpu = findGpu(name);
  if (gpu !== undefined) return gpu;
  const near = nearGpuNames(name);
  throw new DdiffError("GPU_UNKNOWN", `the catalogue has no GPU ${JSON.stringify(name)}`, {
    hint: `Write its name (rtx4090) or its compute capability (8.9).${near.length === 0 ? "" : ` Did you mean ${near.join(", ")}?`}`,
    exitStatus: 2,
  });
}

/** Toolkits whose wheels run on this machine's driver and GPUs, newest first; only those that NVIDIA still keeps images of. */
export function toolkitsThatRun({
  driver,
  gpus,
}: Omit<Machine, "cuda" | "python">): (typeof toolkits)[number][] {
  return toolkits.filter(
    (one) =>
      livingCudaTags(one.cuda, "runtime", false).length > 0 &&
      (driver === undefined || driverRunsWheel(driver, one.cuda).runs === true) &&
      gpus.every((gpu) => toolkitBuildsFor(one.cuda, gpu.capability) !== false),
  );
}

/**
 * Whether the container toolkit starts NVIDIA's image of this CUDA there, which is stricter than what wheels need; `reason` is a sentence
 * without a full stop. Undefined where the catalogue does not know.
 */
export function imageStarts(
  { driver, gpus }: Pick<Machine, "driver" | "gpus">,
  cuda: string,
): { readonly runs: boolean | undefined; readonly reason: string } {
  if (driver === undefined) return { runs: true, reason: "no driver is named" };
  return driverRuns(
    driver,
    cuda,
    gpus.some((one) => one.geforce),
  );
}
