import {
  findTorch,
  torchCapabilities,
  torchDefaults,
  torchHasKernels,
  torchHasPython,
} from "../catalog/torch.ts";
import { type TorchRelease, torchReleases } from "../catalog/torch-releases.ts";
import { sharedWheels } from "../catalog/torch-wheels.ts";
import { compareVersions, majorOf, minorOf } from "../catalog/versions.ts";
import { bareCapability } from "./choose-image.ts";
import type { Definition, WantedTorch } from "./definition.ts";
import { checkFlashAttention } from "./flash-attention.ts";
import type { Refuse } from "./problem.ts";

/** One torch with what goes along. */
export interface PlannedTorch {
  /** `2.5.1` */
  readonly version: string;
  /** CUDA of its wheels: `12.4`; undefined for CPUs. */
  readonly cuda: string | undefined;
  /** Where its wheels come from; undefined for the index of all packages. */
  readonly index: string | undefined;
  /** `torchvision==0.20.1` and the like. */
  readonly companions: readonly string[];
  /** The wheel of flash-attn by Python. */
  readonly flashAttention: Readonly<Record<string, string>>;
  /** Wheels with CUDA's libraries that other torches can share, in groups that are needed as a whole. */
  readonly shared: readonly (readonly string[])[];
}

/** Decides what is open about a torch of a definition. */
export function chooseTorch(
  wanted: WantedTorch,
  path: readonly string[],
  definition: Definition,
  refuse: Refuse,
  notes: string[],
): PlannedTorch {
  const { version } = wanted;
  const release = knownRelease(version, path, refuse, notes);
  checkPythons(version, path, definition, refuse);
  const cuda =
    definition.cuda === "cpu"
      ? cpuOnly(wanted, path, refuse)
      : chooseCuda(wanted, release, path, definition, refuse);
  checkFlashAttention(wanted, cuda, path, definition.python, refuse);
  const { torch: indexes } = definition.indexes;
  const tag = cuda === undefined ? "cpu" : `cu${cuda.replace(".", "")}`;
  return {
    version,
    cuda,
    index: cuda === release.pypiCuda ? undefined : `${indexes.replace(/\/+$/, "")}/${tag}`,
    companions: [...companionsOf(wanted, path, refuse), ...(wanted.packages ?? [])],
    flashAttention: wanted["flash-attn"] ?? {},
    shared: cuda === undefined ? [] : sharedWheels(version, cuda),
  };
}

function knownRelease(
  version: string,
  path: readonly string[],
  refuse: Refuse,
  notes: string[],
): TorchRelease {
  const release = findTorch(version);
  const newest = release?.points.at(-1);
  if (release !== undefined && newest !== undefined) {
    if (release.points.includes(version)) return release;
    if (compareVersions(version, newest) > 0) {
      notes.push(
        `torch ${version} is newer than the catalogue, which ends at ${newest}: it was not checked.`,
      );
      return release;
    }
  }
  const near = [...torchReleases]
    .flatMap(({ points }) => points)
    .sort((one, other) => distance(one, version) - distance(other, version))[0];
  return refuse({
    path,
    why: `the catalogue has no torch ${version}`,
    nearest: `The nearest that goes is ${near ?? ""}.`,
  });
}

function checkPythons(
  version: string,
  path: readonly string[],
  { python }: Definition,
  refuse: Refuse,
): void {
  const release = findTorch(version);
  const missing = python.find((one) => torchHasPython(version, one) === false);
  if (missing === undefined || release === undefined) return;
  const [oldest, newest] = release.python;
  const other = torchReleases
    .filter((one) => torchHasPython(one.torch, missing) === true)
    .map(({ points, torch }) => points.at(-1) ?? torch)
    .sort((one, two) => distance(one, version) - distance(two, version))[0];
  const otherPython = compareVersions(missing, newest) > 0 ? newest : oldest;
  refuse({
    path,
    why: `torch ${version} has no wheels for Python ${missing}, only for ${oldest} to ${newest}`,
    nearest: `The nearest that goes is Python ${otherPython}${other === undefined ? "" : `, or torch ${other}`}.`,
  });
}

function cpuOnly({ version, cuda }: WantedTorch, path: readonly string[], refuse: Refuse): undefined {
  if (cuda === undefined) return undefined;
  return refuse({
    path,
    why: `torch ${version} is asked for with CUDA ${cuda} in a base for CPUs`,
    nearest: "Leave its cuda out, or name a cuda for the base.",
  });
}

/** The build of the base's own CUDA, else the next newer one of the same major release, else the next older one: those run on the same drivers. */
function chooseCuda(
  { version, cuda: wanted }: WantedTorch,
  release: TorchRelease,
  path: readonly string[],
  definition: Definition,
  refuse: Refuse,
): string {
  const base = minorOf(definition.cuda);
  const ranked = release.cuda
    .filter((one) => majorOf(one) === majorOf(base))
    .sort((one, other) => rank(one, base) - rank(other, base));
  const list = release.cuda.join(", ");
  if (wanted !== undefined && !release.cuda.includes(wanted))
    refuse({
      path,
      why: `torch ${version} has no wheels for CUDA ${wanted}, only for ${list}`,
      nearest:
        ranked[0] === undefined
          ? `The nearest that goes is another torch.`
          : `The nearest that goes is cuda: "${ranked[0]}".`,
    });
  if (wanted !== undefined && majorOf(wanted) !== majorOf(base))
    refuse({
      path,
      why: `torch ${version} with CUDA ${wanted} cannot be extended by the compiler of CUDA ${base}`,
      nearest:
        ranked[0] === undefined ? otherMajor(release) : `The nearest that goes is cuda: "${ranked[0]}".`,
    });
  const choices = wanted === undefined ? ranked : [wanted];
  const [first] = choices;
  if (first === undefined)
    return refuse({
      path,
      why: `torch ${version} has no wheels for CUDA ${majorOf(base)}, only for ${list}`,
      nearest: otherMajor(release),
    });
  const capabilities = definition.capabilities.map(bareCapability);
  const lacking = (cuda: string): string[] =>
    capabilities.filter((one) => torchHasKernels(version, cuda, one) === false);
  const surely = (cuda: string): boolean =>
    capabilities.every((one) => torchHasKernels(version, cuda, one) === true);
  const chosen = choices.find(surely) ?? choices.find((one) => lacking(one).length === 0);
  if (chosen !== undefined) return chosen;
  const other = ranked.find((one) => lacking(one).length === 0);
  return refuse({
    path,
    why: `torch ${version} with CUDA ${first} has no code for compute capability ${lacking(first).join(" and ")}, only for ${torchCapabilities(version, first)?.join(" ") ?? ""}`,
    nearest:
      other === undefined
        ? nearestWithCode(version, base, capabilities, lacking(first))
        : `The nearest that goes is cuda: "${other}".`,
  });
}

/** Another torch with code for all of them, or fewer capabilities. */
function nearestWithCode(
  version: string,
  base: string,
  capabilities: readonly string[],
  lacking: readonly string[],
): string {
  const others = torchReleases
    .filter(({ torch, cuda }) =>
      cuda.some(
        (one) =>
          majorOf(one) === majorOf(base) &&
          capabilities.every((capability) => torchHasKernels(torch, one, capability) === true),
      ),
    )
    .map(({ points, torch }) => points.at(-1) ?? torch)
    .sort((one, two) => distance(one, version) - distance(two, version));
  const without = `leave ${lacking.join(" and ")} out of capabilities`;
  return others[0] === undefined
    ? `The nearest that goes is to ${without}.`
    : `The nearest that goes is torch ${others[0]}; or ${without}.`;
}

function otherMajor({ cuda }: TorchRelease): string {
  return `The nearest that goes is a base with CUDA ${cuda.at(-1) ?? ""}, or another torch.`;
}

function companionsOf(wanted: WantedTorch, path: readonly string[], refuse: Refuse): string[] {
  const known = torchDefaults(wanted.version);
  const companions: string[] = [];
  for (const name of ["torchvision", "torchaudio"] as const) {
    const fits = known?.[name];
    const asked = wanted[name];
    if (asked === "none") continue;
    if (asked !== undefined && (fits === undefined || minorOf(asked) !== minorOf(fits)))
      refuse({
        path: [...path, name],
        why: `${name} ${asked} is not for torch ${wanted.version}`,
        nearest:
          fits === undefined
            ? `There is no ${name} for this torch: leave it out.`
            : `The nearest that goes is ${fits}.`,
      });
    const version = asked ?? fits;
    if (version !== undefined) companions.push(`${name}==${version}`);
  }
  return companions;
}

/** Newer ones first, each nearer than any older one. */
function rank(cuda: string, base: string): number {
  const away = Number(cuda.split(".")[1] ?? 0) - Number(base.split(".")[1] ?? 0);
  return away >= 0 ? away : 1000 - away;
}

/** How far versions are apart. */
function distance(one: string, other: string): number {
  return Math.abs(asNumber(one) - asNumber(other));
}

function asNumber(version: string): number {
  const [major = 0, minor = 0, point = 0] = version.split(".").map(Number);
  return major * 1e6 + minor * 1e3 + point;
}
