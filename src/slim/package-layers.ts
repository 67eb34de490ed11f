import { createHash } from "node:crypto";
import type { FileReport, Manager, Package } from "../inspect/analysis.ts";
import { isMadeFile } from "../inspect/owners/made-files.ts";
import { type PackageNeeds, withNeeds } from "./package-needs.ts";

/**
 * How the times of a layer's files and folders are: `kept` as they were; `folders` when only folders get one same time, because
 * installers keep the times of files but not those of folders; `fixed` when everything does, because the installer dates all.
 */
export type LayerTimes = "kept" | "folders" | "fixed";

/** Files that go into one layer. */
export interface Bundle {
  /** For the history: `torch 2.9.1`. */
  title: string;
  times: LayerTimes;
  files: FileReport[];
  /** Bytes of content. */
  bytes: number;
}

/** Layers for what packages brought: those of one heavy package, those of many light ones, and the managers' records. */
export interface PackageLayers {
  heavy: Bundle[];
  light: Bundle[];
  records: Bundle[];
}

/** From this size on, what a package brings gets a layer of its own. Fixed, so that it does not depend on the rest of the image. */
const heavySize = 20 << 20;
/** Registries and engines take 127 layers; the rest of the image needs some too. */
const mostHeavy = 50;
/** Light packages together; twice as much, and twice again, where they would be more than about this many layers. */
const lightSize = 32 << 20;
const mostLight = 10;

/** Heavy packages whose own needs are smaller than this have no layers for them. */
const fewNeeds = 4 << 20;

/** Installers that write the time of the installation; the others keep what the package says. */
const timeless: ReadonlySet<Manager> = new Set(["pip", "uv", "npm", "r"]);

/** What a file is to its package: what it brought, byte code that was made of that, the manager's record of it; or what the whole system makes differ. */
type Part = "payload" | "byte-code" | "records" | "settings";

function partOf({ path, package: { manager } }: FileReport & { package: Package }): Part {
  if (/(?:^|\/)__pycache__\//.test(path)) return "byte-code";
  switch (manager) {
    case "dpkg":
      if (path.startsWith("var/lib/dpkg/info/")) return "records";
      return /^(?:etc|var)\//.test(path) || isMadeFile(path) ? "settings" : "payload";
    case "apk":
    case "rpm":
      return /^(?:etc|var)\//.test(path) || isMadeFile(path) ? "settings" : "payload";
    case "conda":
      return /(?:^|\/)conda-meta\//.test(path) ? "settings" : "payload";
    case "pip":
    case "uv":
      return /(?:^|\/)[^/]+\.(?:dist|egg)-info\//.test(path) ? "settings" : "payload";
    default:
      return "payload";
  }
}

/** A part of what a package brought. */
interface Unit extends Bundle {
  owner: Package;
  part: Exclude<Part, "settings">;
  /** Where it falls among the light ones; the same in every image. */
  place: Buffer;
}

/**
 * Lays out what packages brought so that images which have a package in common have a layer in common. Heavy packages stand alone.
 * Light ones of the system are told apart by who needs them: the base system, the heavy packages, or the application; so they are the
 * same in images that do the same work. All light ones are divided by a hash of their names, and a part is divided again only while
 * it is large: a package more or less changes the layer that it falls in and no other.
 */
export function packageLayers(
  owned: readonly (FileReport & { package: Package })[],
  needs: PackageNeeds,
): PackageLayers {
  const units = new Map<string, Unit>();
  const settings = new Map<string, Bundle>();
  for (const file of owned) {
    const part = partOf(file);
    const { manager, name, version, home } = file.package;
    const where = home === "" ? "" : ` in /${home}`;
    if (part === "settings") {
      const title = `records of ${manager}${where}`;
      put(
        file,
        found(settings, title, {
          title,
          times: timeless.has(manager) ? "fixed" : "kept",
          files: [],
          bytes: 0,
        }),
      );
    } else
      put(
        file,
        found(units, JSON.stringify([part, manager, home, name, version]), emptyUnit(file.package, part)),
      );
  }
  const heavy = [...units.values()]
    .filter(({ bytes }) => bytes >= heavySize)
    .sort(bySize)
    .slice(0, mostHeavy);
  const alone = new Set(heavy);
  const whose = neededBy(heavy, [...units.values()], needs);
  const families = new Map<string, Unit[]>();
  for (const unit of units.values())
    if (!alone.has(unit)) found(families, familyOf(unit, needs.base, whose), []).push(unit);
  const light = [...families].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    heavy,
    light: light.flatMap(([title, members]) => lightLayers(title, members)),
    records: [...settings.values()],
  };
}

/**
 * Names of the system's light packages, with the largest heavy one that needs them. What only a heavy package of few needs has is left
 * out: it would change the others' layers for nothing.
 */
function neededBy(
  heavy: readonly Unit[],
  units: readonly Unit[],
  { base, of }: PackageNeeds,
): ReadonlyMap<string, string> {
  const sizes = new Map<string, number>();
  for (const { owner, bytes } of units) {
    const name = plainName(owner);
    if (owner.manager === "dpkg" && owner.home === "") sizes.set(name, bytes + (sizes.get(name) ?? 0));
  }
  const whose = new Map<string, string>();
  for (const { owner } of heavy) {
    if (owner.manager !== "dpkg") continue;
    const needed = [...withNeeds([plainName(owner)], of)].filter(
      (name) => !base.has(name) && !whose.has(name),
    );
    if (needed.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0) < fewNeeds) continue;
    for (const name of needed) whose.set(name, owner.name);
  }
  return whose;
}

/** A package's name without the architecture that tells it from another one. */
function plainName({ name }: Package): string {
  return name.replace(/:.*$/, "");
}

/** Light packages that are laid out together, as the history calls them. */
function familyOf(
  { owner, part }: Unit,
  base: ReadonlySet<string>,
  whose: ReadonlyMap<string, string>,
): string {
  const { manager, home } = owner;
  const what = { payload: "packages", "byte-code": "byte code", records: "records" }[part];
  if (home !== "") return `${what} of ${manager} in /${home}`;
  if (manager !== "dpkg") return `${what} of ${manager}`;
  const name = plainName(owner);
  if (base.has(name)) return `base ${what} of ${manager}`;
  const heavy = whose.get(name);
  return heavy === undefined ? `other ${what} of ${manager}` : `${what} that ${heavy} needs`;
}

function found<K, V>(map: Map<K, V>, key: K, fresh: V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  map.set(key, fresh);
  return fresh;
}

function put(file: FileReport, bundle: Bundle): void {
  bundle.files.push(file);
  bundle.bytes += file.bytes;
}

function emptyUnit(owner: Package, part: Unit["part"]): Unit {
  const title = `${owner.name} ${owner.version}`.trim();
  const isDated = part === "payload" && !timeless.has(owner.manager);
  return {
    owner,
    part,
    title: part === "byte-code" ? `byte code of ${title}` : title,
    times: isDated ? "folders" : "fixed",
    files: [],
    bytes: 0,
    place: createHash("sha256").update(owner.name).digest(),
  };
}

/** Largest first: what is at the bottom is what images have in common longest. */
function bySize(one: Bundle, other: Bundle): number {
  return other.bytes - one.bytes || (one.title < other.title ? -1 : 1);
}

function lightLayers(title: string, units: Unit[]): Bundle[] {
  const total = bytesOf(units);
  let most = lightSize;
  while (total > most * mostLight) most *= 2;
  return divide(units, most, "").map(({ prefix, part }) => ({
    title: prefix === "" ? title : `${title}, ${prefix}`,
    times: part[0]?.times ?? "kept",
    files: part.flatMap(({ files }) => files),
    bytes: bytesOf(part),
  }));
}

function bytesOf(units: readonly Unit[]): number {
  return units.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Parts of at most so many bytes, but for single packages, each of those whose hash begins with the same bits. */
function divide(units: Unit[], most: number, prefix: string): { prefix: string; part: Unit[] }[] {
  if (units.length === 0) return [];
  if (units.length === 1 || bytesOf(units) <= most || prefix.length >= 64) return [{ prefix, part: units }];
  const depth = prefix.length;
  const isSet = ({ place }: Unit): boolean => (((place[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1) === 1;
  return [
    ...divide(
      units.filter((unit) => !isSet(unit)),
      most,
      `${prefix}0`,
    ),
    ...divide(units.filter(isSet), most, `${prefix}1`),
  ];
}
