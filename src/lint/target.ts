import { findGpu, nearGpuNames } from "../catalog/gpus.ts";
import { DdiffError } from "../util/errors.ts";
import type { Target } from "./rule.ts";

/**
 * The machine that GPUs and a driver, as a person names them, stand for. `where` is the option or the file that names them. Throws `GPU_UNKNOWN`
 * and `DRIVER_INVALID` (exit status 2).
 */
export function readTarget(gpus: readonly string[], driver: string | undefined, where: string): Target {
  if (driver !== undefined && !/^\d{3}(?:\.\d{1,4}){0,2}$/.test(driver)) {
    throw new DdiffError("DRIVER_INVALID", `${where} has no version of a driver: ${JSON.stringify(driver)}`, {
      hint: "Write it as nvidia-smi does: 550 or 550.54.15.",
      exitStatus: 2,
    });
  }
  return {
    gpus: gpus.map((name) => {
      const gpu = findGpu(name);
      if (gpu !== undefined) return { name: gpu.name, capability: gpu.capability, geforce: gpu.geforce };
      const near = nearGpuNames(name);
      const meant = near.length === 0 ? "" : ` Did you mean ${near.join(", ")}?`;
      throw new DdiffError("GPU_UNKNOWN", `${where} names a GPU that the catalogue does not have: ${name}`, {
        hint: `Write its name (rtx4090) or its compute capability (8.9).${meant}`,
        exitStatus: 2,
      });
    }),
    driver,
  };
}
