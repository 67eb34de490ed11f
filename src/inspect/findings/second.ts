import type { Copies, FileReport, Package, WasteFinding } from "../analysis.ts";
import type { InventoryEntry } from "../inventory.ts";
import { bytesOf, groupBy, type Ledger, type Part, type Words } from "./ledger.ts";

/** Fewer bytes are not worth a line in a report. */
const leastBytes = 1 << 20;
const mostNamed = 4;

/** Libraries of CUDA, by sonames without version. */
const cudaLibrary =
  /^lib(?:cublas(?:Lt)?|cudnn.*|cudart|cufftw?|cufile.*|cupti|curand|cusolver(?:Mg)?|cusparse(?:Lt)?|cutensor.*|nccl|npp.*|nvblas|nvJitLink|nvjpeg|nvrtc.*|nvToolsExt|nvshmem.*)$/;
const systemManagers: ReadonlySet<Package["manager"]> = new Set(["dpkg", "apk", "rpm"]);

interface Placing extends Part {
  layer: number;
}

/** Packages that are installed in several environments: the environment that holds most of them is kept. */
export function findSecondEnvironments(files: readonly FileReport[], ledger: Ledger): WasteFinding[] {
  const named = files.flatMap((file) => {
    const library = file.package === undefined ? undefined : libraryOf(file.package);
    return library === undefined ? [] : [{ file, library, home: (file.package as Package).home }];
  });
  const repeated = [...groupBy(named, ({ library }) => library).values()].filter((group) =>
    group.some(({ home }) => home !== group[0]?.home),
  );
  const order = homesBySize(repeated.flat());
  const second: { file: FileReport; library: string; home: string; kept: string }[] = [];
  for (const group of repeated) {
    const homes = new Set(group.map(({ home }) => home));
    const kept = order.find((home) => homes.has(home)) ?? "";
    for (const one of group) if (one.home !== kept) second.push({ ...one, kept });
  }
  const parts = new Map(
    partsOf(
      files,
      second.map(({ file }) => file),
    ).map((part) => [part.content, part]),
  );
  const groups = groupBy(second, ({ file, home, kept }) => `${file.placed.layer}\0${home}\0${kept}`);
  return [...groups.values()].flatMap((group) => {
    const [{ file, home, kept }] = group as [(typeof second)[number]];
    const own = [...new Set(group.map(({ file: { placed } }) => placed.content))].flatMap(
      (content) => parts.get(content) ?? [],
    );
    const words = (): Words => wordsOfHome(home, kept, group);
    return (
      ledger.finding({ kind: "second-environment", layer: file.placed.layer }, own, words, leastBytes) ?? []
    );
  });
}

/** Libraries and programs that several managers brought: all but the largest copy, of CUDA all but what the wheels bring. */
export function findSecondCopies(
  files: readonly FileReport[],
  copies: readonly Copies[],
  ledger: Ledger,
): WasteFinding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const extra = copies.flatMap(({ name, copies: all }) => {
    if (all.every(({ package: owner }) => owner !== undefined && systemManagers.has(owner.manager)))
      return [];
    const isCuda = cudaLibrary.test(name);
    const kept = (isCuda ? all.find(({ path }) => isWheel(path)) : undefined) ?? all[0];
    return all
      .filter((copy) => copy !== kept && !(isCuda && isWheel(copy.path)))
      .flatMap(({ path }) => {
        const file = byPath.get(path);
        return file === undefined || kept === undefined
          ? []
          : [{ file, name: isCuda ? "cuda" : name, kept: kept.path }];
      });
  });
  const parts = new Map(
    partsOf(
      files,
      extra.map(({ file }) => file),
    ).map((part) => [part.content, part]),
  );
  const groups = groupBy(extra, ({ name, file }) => `${name} ${file.placed.layer}`);
  return [...groups.values()].flatMap((group) => {
    const [{ name, file, kept }] = group as [(typeof extra)[number]];
    const own = group.flatMap(({ file: { placed } }) => parts.get(placed.content) ?? []);
    const where = { kind: "second-copy" as const, layer: file.placed.layer };
    return ledger.finding(where, own, () => wordsOfCopy(name, file, kept), leastBytes) ?? [];
  });
}

function isWheel(path: string): boolean {
  return /\/(?:site|dist)-packages\//.test(path);
}

/** Contents of these files that have no other name outside of them. */
function partsOf(files: readonly FileReport[], wanted: readonly FileReport[]): Placing[] {
  const within = new Set(wanted);
  const contents = new Set(wanted.map(({ placed }) => placed.content));
  const found = new Map<InventoryEntry, Placing>();
  const needed = new Set<InventoryEntry>();
  for (const file of files) {
    const { content, layer } = file.placed;
    if (content.size === 0 || !contents.has(content)) continue;
    if (!within.has(file)) needed.add(content);
    const known = found.get(content);
    found.set(content, { content, layer, entries: [...(known?.entries ?? []), file.placed] });
  }
  return [...found.values()].filter(({ content }) => !needed.has(content));
}

/** What a package installs, whoever manages it: `python torch`. Undefined for what cannot come from two managers. */
function libraryOf({ manager, name }: Package): string | undefined {
  const plain = name.toLowerCase().replace(/[-_.]+/g, "-");
  if (manager === "pip" || manager === "uv") return `python ${plain}`;
  if (manager === "r") return `r ${plain}`;
  if (manager === "conda") {
    if (plain.startsWith("r-")) return `r ${plain.slice(2)}`;
    return `python ${condaNames.get(plain) ?? plain}`;
  }
  if (manager !== "dpkg") return undefined;
  if (plain.startsWith("python3-")) return `python ${plain.slice(8)}`;
  return /^r-(?:cran|bioc)-/.test(plain) ? `r ${plain.slice(plain.indexOf("-", 2) + 1)}` : undefined;
}

/** conda's names of what PyPI calls otherwise. */
const condaNames: ReadonlyMap<string, string> = new Map([
  ["pytorch", "torch"],
  ["pytorch-cpu", "torch"],
  ["pytorch-gpu", "torch"],
  ["py-opencv", "opencv-python"],
  ["tensorflow-base", "tensorflow"],
]);

function homesBySize(named: readonly { file: FileReport; home: string }[]): string[] {
  const homes = groupBy(named, ({ home }) => home);
  const sizes = [...homes].map(([home, group]) => ({
    home,
    bytes: group.reduce((sum, { file }) => sum + file.placed.content.size, 0),
    layer: Math.min(...group.slice(0, 1).map(({ file }) => file.placed.layer)),
  }));
  return sizes
    .sort((one, other) => other.bytes - one.bytes || one.layer - other.layer)
    .map(({ home }) => home);
}

function wordsOfHome(
  home: string,
  kept: string,
  group: readonly { file: FileReport; library: string }[],
): Words {
  const libraries = [...groupBy(group, ({ library }) => library)]
    .map(([library, files]) => ({
      name: library.split(" ")[1] ?? "",
      bytes: bytesOf(files.map(({ file }) => ({ content: file.placed.content, entries: [] }))),
    }))
    .sort((one, other) => other.bytes - one.bytes);
  const [place, other] = [home, kept].map((one) => (one === "" ? "the system" : `/${one}`));
  const names = libraries
    .slice(0, mostNamed)
    .map(({ name }) => name)
    .join(", ");
  const count = libraries.length;
  return {
    name: place ?? "",
    title: `${place}: ${count} ${count === 1 ? "package" : "packages"} that ${other} has too (${names}${count > mostNamed ? ", …" : ""})`,
    risk: "risky",
    why: "Programs run in one of the environments; which one, the image does not say.",
    edit: `Install into ${other} only; a base image that brings its own may be the wrong one.`,
  };
}

function wordsOfCopy(name: string, { path }: FileReport, kept: string): Words {
  if (name === "cuda") {
    return {
      name,
      title: `CUDA's libraries stand in the image twice: at /${path} and at /${kept}`,
      risk: "risky",
      why: "Python's packages load the libraries that their wheels bring; other programs may need the system's.",
      edit: "Start from a plain or a `-base` image where wheels bring CUDA, or install packages that use the system's.",
    };
  }
  return {
    name,
    title: `${name} stands in the image more than once: at /${path} and at /${kept}`,
    risk: "risky",
    why: "Each package loads the copy that it brought.",
    edit: "Install what needs it from one manager, with versions that fit together.",
  };
}
