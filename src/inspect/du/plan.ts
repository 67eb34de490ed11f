import type { UsedImage } from "../../places/usage/usage.ts";
import type { PlaceAccount } from "./account.ts";
import type { CountedPackage, ImagePackages, PackageUse } from "./package-sums.ts";

/** A shared base that would hold what several images bring themselves. Bytes are of content. */
export interface BasePlan {
  /** `3.10`. */
  python: string;
  /** `2.5.1`, `2.6.0+cpu`; sorted. */
  torches: string[];
  /** A base that is here already and holds these; the name of one that is to be made, where none is. */
  base: { name: string; isHere: boolean };
  /** What its `base.yaml` says of them. */
  definition: string[];
  /** `NAME==VERSION` of further packages that several of the images have alike. */
  common: string[];
  /** What is stored of all this today. */
  stored: number;
  /** What it costs once, in the base. */
  once: number;
  saved: number;
  images: ImagePlan[];
}

/** How one image comes to stand on the base. */
export interface ImagePlan {
  place: PlaceAccount;
  image: UsedImage;
  torch: string;
  /** What the image brings of what the base has. */
  bytes: number;
  /** Steps of its Dockerfile that install what the base has, and what to leave out of them. */
  steps: { layer: number; text: string; bytes: number; packages: string[] }[];
  /** What to write at the top of its last stage. */
  dockerfile: string[];
}

/** What comes with torch as a rule and is as large: its CUDA libraries, its compiler, its companions. */
const family =
  /^(?:torch|torchvision|torchaudio|torchtext|torchdata|triton|pytorch-triton|nvidia-[a-z0-9-]+|cuda-bindings)$/;
/** What a base says of itself, and every image on it with it (bases/labels.ts). */
const labels = {
  form: "vnd.ddiff.shared-base",
  python: "vnd.ddiff.shared-base.python",
  torch: "vnd.ddiff.shared-base.torch",
};
/** Smaller packages are not worth a line of the base. */
const leastCommon = 1 << 20;

interface TorchImage {
  packages: ImagePackages;
  python: string;
  torch: CountedPackage;
}

/**
 * Bases that would save most, the best first: for each Python, one that holds every torch that several images bring, with what
 * comes with it, and further packages that they have alike. Empty where no torch is stored twice.
 */
export function planBases(images: readonly ImagePackages[]): BasePlan[] {
  const byPython = Map.groupBy(images.flatMap(torchImages), ({ python }) => python);
  const bases = images.map(({ image }) => image).filter(isBase);
  const plans = [...byPython].flatMap(([python, group]) => planFor(python, group, bases) ?? []);
  return plans.sort((one, other) => other.saved - one.saved);
}

function torchImages(packages: ImagePackages): TorchImage[] {
  const torches = packages.packages.filter(
    ({ package: one }) => plainName(one) === "torch" && one.python !== "",
  );
  // An image with several environments is nobody's to rebuild on one torch.
  const [torch] = torches;
  return torch === undefined || torches.length > 1
    ? []
    : [{ packages, python: torch.package.python, torch: torch.package }];
}

function planFor(
  python: string,
  group: readonly TorchImage[],
  bases: readonly UsedImage[],
): BasePlan | undefined {
  const byVersion = Map.groupBy(group, ({ torch }) => torch.version);
  const chosen = [...byVersion.values()].filter((some) => some.length > 1).flat();
  const held = new Set(
    chosen.flatMap(({ packages }) =>
      packages.packages.map((use) => use.package).filter((one) => isFamily(one) && one.python === python),
    ),
  );
  const common = commonPackages(chosen, python);
  for (const one of common) held.add(one);
  const stored = sum([...held], ({ bytes }) => bytes);
  const contents = new Map([...held].flatMap((one) => [...one.contents]));
  const once = sum([...contents.values()], (bytes) => bytes);
  if (stored <= once) return undefined;
  const torches = [...new Set(chosen.map(({ torch }) => torch.version))].sort(byNumbers);
  const requirements = common.map(({ name, version }) => `${name}==${version}`).sort();
  const base = baseFor(python, torches, bases);
  // Those that stand on a base have its labels, and nothing to change.
  const movable = chosen.filter(({ packages }) => !isOnBase(packages.image));
  return {
    python,
    torches,
    base,
    definition: [
      ...(torches.every((version) => version.endsWith("+cpu")) ? ["cuda: cpu"] : []),
      `python: [${python}]`,
      `torch: [${[...new Set(torches.map(release))].join(", ")}]`,
      ...(requirements.length === 0 ? [] : [`packages: [${requirements.join(", ")}]`]),
    ],
    common: requirements,
    stored,
    once,
    saved: stored - once,
    images: movable
      .map((one) => planImage(one, held, base.name))
      .sort((one, other) => other.bytes - one.bytes),
  };
}

/** Of each name the version that most images have, where several have it. */
function commonPackages(group: readonly TorchImage[], python: string): CountedPackage[] {
  const counts = new Map<CountedPackage, number>();
  for (const { packages } of group)
    for (const { package: one } of packages.packages)
      if (one.kind === "python" && one.python === python && !isFamily(one) && one.distinct >= leastCommon)
        counts.set(one, (counts.get(one) ?? 0) + 1);
  const best = new Map<string, CountedPackage>();
  for (const [one, count] of counts) {
    if (count < 2 || one.bytes === one.distinct) continue;
    const known = best.get(plainName(one));
    if (known === undefined || count > (counts.get(known) ?? 0)) best.set(plainName(one), one);
  }
  return [...best.values()];
}

function planImage(
  { packages, torch }: TorchImage,
  held: ReadonlySet<CountedPackage>,
  base: string,
): ImagePlan {
  const { place, image, steps } = packages;
  const uses = packages.packages.filter((use) => held.has(use.package));
  const layers = [...new Set(uses.flatMap((use) => [...use.layers.keys()]))].sort((a, b) => a - b);
  return {
    place,
    image,
    torch: torch.version,
    bytes: sum(uses, ({ bytes }) => bytes),
    steps: layers.map((layer) => ({
      layer,
      text: steps[layer]?.text ?? "",
      bytes: sum(uses, (use) => use.layers.get(layer) ?? 0),
      packages: namesIn(uses, layer),
    })),
    dockerfile: [`FROM ${base}`, `RUN uv_init_torch${release(torch.version)}`],
  };
}

/** A base of this machine that has all of it, else a name for a new one, whose tag `ddiff base build` makes. */
function baseFor(python: string, torches: readonly string[], bases: readonly UsedImage[]): BasePlan["base"] {
  const found = bases.find(
    (image) => says(image, labels.python, [python]) && says(image, labels.torch, torches.map(release)),
  );
  const [name] = found?.names ?? [];
  return name === undefined ? { name: "ddiff-base:TAG", isHere: false } : { name, isHere: true };
}

/** Whether a label's words have all these versions. */
function says({ labels: own }: UsedImage, label: string, versions: readonly string[]): boolean {
  const there = new Set((own.get(label) ?? "").split(" ").map(release));
  return versions.every((version) => there.has(version));
}

/** A base has its labels first: the title that it gives itself is its own name. */
function isBase(image: UsedImage): boolean {
  const title = image.labels.get("org.opencontainers.image.title");
  return (
    isOnBase(image) &&
    image.names.some(
      (name) =>
        name
          .replace(/:[^/:]*$/, "")
          .split("/")
          .at(-1) === title,
    )
  );
}

function isOnBase({ labels: own }: UsedImage): boolean {
  return own.has(labels.form);
}

/** `2.5.1` of `2.5.1+cu124`. */
function release(version: string): string {
  return version.replace(/\+.*$/, "");
}

function namesIn(uses: readonly PackageUse[], layer: number): string[] {
  const there = uses.filter((use) => use.layers.has(layer));
  return there
    .sort((one, other) => (other.layers.get(layer) ?? 0) - (one.layers.get(layer) ?? 0))
    .map(({ package: { name } }) => name);
}

function isFamily(one: CountedPackage): boolean {
  return family.test(plainName(one));
}

/** As PyPI compares names: `nvidia_cublas_cu12` is `nvidia-cublas-cu12`. */
function plainName({ name }: CountedPackage): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

function byNumbers(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

function sum<T>(items: readonly T[], bytesOf: (item: T) => number): number {
  return items.reduce((total, item) => total + bytesOf(item), 0);
}
