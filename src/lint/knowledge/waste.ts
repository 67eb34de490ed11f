import { aptListsBytes, torchCpuBytes, torchCudaBytes, wheelBytes } from "../../catalog/package-sizes.ts";
import { newestTorch } from "../../catalog/torch.ts";
import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import type { LintContext } from "../rule.ts";
import { baseOf } from "./bases.ts";
import type { PackageCommand } from "./installs.ts";
import { wantedPackages } from "./python-packages.ts";

/** Bytes of the package lists that one `apt-get update` leaves in an image of this stage, by the release in the base's name. */
export function listsLeft(stage: Stage): number {
  let root = stage;
  while (root.base.kind === "stage") root = root.base.stage;
  const image = root.base.kind === "image" ? root.base.image : "";
  const ubuntu = /ubuntu:?(\d\d\.\d\d)/.exec(image)?.[1];
  return aptListsBytes(ubuntu === undefined ? undefined : `ubuntu:${ubuntu}`);
}

/**
 * Bytes that Python's installers download for these installs, as far as their packages have known sizes; undefined where none has.
 * Packages from an index of CPU builds count as such.
 */
export function downloadBytes(
  file: Dockerfile,
  installs: readonly PackageCommand[],
  context: LintContext,
): number | undefined {
  let sum = 0;
  for (const install of installs) {
    const cpu = isCpuIndex(install);
    const stage = file.stages[install.instruction.stage];
    const base = stage === undefined ? undefined : baseOf(stage);
    for (const { name, version } of wantedPackages(file, install, context)) {
      const exact = /^===?\s*([\d.]+)$/.exec(version)?.[1];
      // An image with a framework has numpy, pandas and more already, and what is there is not fetched unless another version is pinned.
      if (exact === undefined && (base?.frameworks.length ?? 0) > 0) continue;
      if (cpu && name.startsWith("torch")) sum += name === "torch" ? torchCpuBytes.wheel : 0;
      else if (name === "torch") sum += torchCudaBytes(newestTorch(version, base?.python)).wheel;
      else sum += wheelBytes(name, exact) ?? 0;
    }
  }
  return sum === 0 ? undefined : sum;
}

/** Whether an install names PyTorch's index of CPU builds. */
function isCpuIndex(install: PackageCommand): boolean {
  return [...install.options.values()].some(
    (value) => typeof value === "string" && (/whl\/(?:nightly\/)?cpu\b/.test(value) || value === "cpu"),
  );
}
