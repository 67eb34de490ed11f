import { requirements } from "./cuda-requirements.ts";
import type { SourceName } from "./sources.ts";
import { compareVersions, majorOf, minorOf } from "./versions.ts";

/** A minor release of the CUDA toolkit. */
interface Toolkit {
  /** `12.4` */
  readonly cuda: string;
  /** The oldest Linux driver that runs what this toolkit built (minor-version compatibility). Source: `nvidia-compatibility`. */
  readonly minimumDriver: string;
  /** The driver in NVIDIA's installer of the newest point release: the branch that came with this CUDA. */
  readonly bundledDriver: string;
  /** The lowest and the highest compute capability it builds for. Source: `nvidia-toolkit-notes`. */
  readonly capabilities: readonly [string, string];
  /** Where `bundledDriver` is from. */
  readonly source: SourceName;
}

/** Newest first. */
export const toolkits = [
  toolkit("13.3", "580", "610.43.02", "7.5", "12.1"),
  toolkit("13.2", "580", "595.71.05", "7.5", "12.1"),
  toolkit("13.1", "580", "590.48.01", "7.5", "12.1"),
  toolkit("13.0", "580", "580.95.05", "7.5", "12.1"),
  toolkit("12.9", "525.60.13", "575.57.08", "5.0", "12.1"),
  toolkit("12.8", "525.60.13", "570.124.06", "5.0", "12.0"),
  toolkit("12.6", "525.60.13", "560.35.05", "5.0", "9.0"),
  toolkit("12.5", "525.60.13", "555.42.06", "5.0", "9.0"),
  toolkit("12.4", "525.60.13", "550.54.15", "5.0", "9.0"),
  toolkit("12.3", "525.60.13", "545.23.08", "5.0", "9.0"),
  toolkit("12.2", "525.60.13", "535.104.05", "5.0", "9.0"),
  toolkit("12.1", "525.60.13", "530.30.02", "5.0", "9.0"),
  toolkit("12.0", "525.60.13", "525.85.12", "5.0", "9.0"),
  toolkit("11.8", "450.80.02", "520.61.05", "3.5", "9.0"),
  toolkit("11.7", "450.80.02", "515.65.01", "3.5", "8.7"),
  toolkit("11.6", "450.80.02", "510.47.03", "3.5", "8.7"),
  toolkit("11.5", "450.80.02", "495.29.05", "3.5", "8.7"),
  toolkit("11.4", "450.80.02", "470.82.01", "3.5", "8.7"),
  toolkit("11.3", "450.80.02", "465.19.01", "3.5", "8.6"),
  toolkit("11.2", "450.80.02", "460.32.03", "3.5", "8.6"),
  toolkit("11.1", "450.80.02", "455.32.00", "3.5", "8.6"),
  toolkit("11.0", "450.36.06", "450.51.06", "3.5", "8.0"),
  toolkit("10.2", "440.33", "440.33.01", "3.0", "7.5"),
  toolkit("10.1", "418.39", "418.87.00", "3.0", "7.5"),
  toolkit("10.0", "410.48", "410.48", "3.0", "7.5"),
  toolkit("9.2", "396.26", "396.37", "3.0", "7.0"),
  toolkit("9.1", "390.46", "387.26", "3.0", "7.0"),
  toolkit("9.0", "384.81", "384.81", "3.0", "7.0"),
  toolkit("8.0", "375.26", "375.26", "2.0", "6.1"),
] as const satisfies readonly Toolkit[];

/** Driver branches that came without a toolkit of their own: the CUDA that they support. Source: `nvidia-compatibility`. */
const loneBranches = [{ branch: 565, cuda: "12.7" }] as const;

/** Why GeForce is told apart. For help texts. */
export const forwardCompatibilityNote =
  "forward compatibility (the cuda-compat package) is for data-centre GPUs and some workstation ones, never for GeForce: there the driver itself must be new enough";

/** Yes, no or unknown (undefined), and a sentence without a full stop that says why. */
export interface Answer {
  readonly runs: boolean | undefined;
  readonly reason: string;
}

/** The toolkit of `12.4`, `12.4.1` or `cu124`; undefined for one that the catalogue does not have. */
export function findToolkit(cuda: string): Toolkit | undefined {
  const minor = minorOf(cudaOfIndex(cuda) ?? cuda);
  return toolkits.find((one) => one.cuda === minor);
}

/** `cu124` is `12.4`, `cu118` is `11.8`, `cu92` is `9.2`; undefined for what is not of that form. */
export function cudaOfIndex(name: string): string | undefined {
  const match = /^cu(\d{1,2})(\d)$/.exec(name);
  return match === null ? undefined : `${match[1]}.${match[2]}`;
}

/** The newest CUDA that a Linux driver supports by itself, as nvidia-smi prints it: `12.4` for `550` or `550.54.15`. */
export function cudaOfDriver(driver: string): string | undefined {
  const branch = majorOf(driver);
  const known = [
    ...toolkits.map((one) => ({ branch: majorOf(one.bundledDriver), cuda: one.cuda })),
    ...loneBranches,
  ];
  let best: { branch: number; cuda: string } | undefined;
  for (const one of known) if (one.branch <= branch && one.branch > (best?.branch ?? 0)) best = one;
  return best?.cuda;
}

/**
 * Whether a driver (`550`, `550.54.15`) runs wheels or programs that bring CUDA `cuda` (`12.4`, `cu124`) with them, by minor
 * version compatibility. A branch alone is taken as its newest release. Code that is only PTX can need more.
 */
export function driverRunsWheel(driver: string, cuda: string): Answer {
  const found = findToolkit(cuda);
  if (found === undefined) return { runs: undefined, reason: `CUDA ${cuda} is not in the catalogue` };
  const runs = isAtLeast(driver, found.minimumDriver);
  const wants = `CUDA ${majorOf(found.cuda)}.x needs driver ${found.minimumDriver} or newer`;
  return { runs, reason: runs ? `${wants}, and ${driver} is` : `${wants}, and ${driver} is older` };
}

/**
 * Whether the NVIDIA container toolkit starts an `nvidia/cuda` image of CUDA `cuda` (`12.8`, `12.8.1`) on this driver: its
 * NVIDIA_REQUIRE_CUDA is stricter than what the code needs. Undefined where the image's clauses are not known.
 */
export function driverRuns(driver: string, cuda: string, geforce: boolean): Answer {
  const minor = minorOf(cuda);
  const own = cudaOfDriver(driver);
  if (own !== undefined && compareVersions(own, minor) >= 0) {
    return { runs: true, reason: `driver ${driver} supports CUDA ${own}, the image asks for ${minor}` };
  }
  const required = requirements.find((one) => one.cuda === minor);
  if (required === undefined) {
    return { runs: undefined, reason: `what the images of CUDA ${minor} ask for is not in the catalogue` };
  }
  const branches = required.branches.join(", ");
  const ask = `the image asks for CUDA ${minor} (driver branch ${branchOf(minor)} or newer)`;
  if (!required.branches.includes(majorOf(driver))) {
    const or = branches === "" ? "" : ` or one of the driver branches ${branches}`;
    return { runs: false, reason: `${ask}${or}, and driver ${driver} supports CUDA ${own ?? "none"}` };
  }
  if (geforce && !required.geforce) {
    return { runs: false, reason: `${ask}; its exceptions for branches ${branches} leave GeForce out` };
  }
  return { runs: true, reason: `the image makes an exception for driver branch ${majorOf(driver)}` };
}

/** Whether what toolkit `cuda` builds can have code for this compute capability; undefined for an unknown toolkit. */
export function toolkitBuildsFor(cuda: string, capability: string): boolean | undefined {
  const found = findToolkit(cuda);
  if (found === undefined) return undefined;
  const [lowest, highest] = found.capabilities;
  return compareVersions(capability, lowest) >= 0 && compareVersions(capability, highest) <= 0;
}

function branchOf(minor: string): number | string {
  const found = findToolkit(minor);
  return found === undefined ? "of it" : majorOf(found.bundledDriver);
}

function isAtLeast(driver: string, minimum: string): boolean {
  return driver.includes(".") ? compareVersions(driver, minimum) >= 0 : majorOf(driver) >= majorOf(minimum);
}

function toolkit<const Cuda extends string>(
  cuda: Cuda,
  minimumDriver: string,
  bundledDriver: string,
  lowest: string,
  highest: string,
): Toolkit & { readonly cuda: Cuda } {
  return {
    cuda,
    minimumDriver,
    bundledDriver,
    capabilities: [lowest, highest],
    source: "nvidia-runfiles",
  };
}
