import { createHash } from "node:crypto";
import type { FileReport, Manager, Package } from "../inspect/analysis.ts";
import { isMadeFile } from "../inspect/owners/made-files.ts";

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

/** Installers that write the time of the installation; the others keep what the package says. */
const timeless: ReadonlySet<Manager> = new Set(["pip", "uv", "npm", "r"]);

/** Records and settings, which differ with the day and with all that is installed beside. */
function isRecord({ path, package: { manager } }: FileReport & { package: Package }): boolean {
  switch (manager) {
    case "dpkg":
    case "apk":
    case "rpm":
      return /^(?:etc|var)\//.test(path) || isMadeFile(path);
    case "conda":
      return /(?:^|\/)conda-meta\//.test(path);
    case "pip":
    case "uv":
      return /(?:^|\/)[^/]+\.(?:dist|egg)-info\//.test(path);
    default:
      return false;
  }
}

/** What a package brought, or the byte code that was made of it afterwards. */
interface Unit extends Bundle {
  /** Where it falls among the light ones; the same in every image. */
  place: Buffer;
}

/** Units of one manager in one environment, of one part. */
interface Family {
  title: string;
  units: Map<Package, Unit>;
}

/**
 * Lays out what packages brought so that images which have a package in common have a layer in common. Heavy packages stand alone.
 * Light ones are divided by a hash of their names, and a part is divided again only while it is large: a package more or less
 * changes the layer that it falls in and no other.
 */
export function packageLayers(owned: readonly (FileReport & { package: Package })[]): PackageLayers {
  const families = new Map<string, Family>();
  const records = new Map<string, Bundle>();
  for (const file of owned) {
    const { manager, home } = file.package;
    const where = home === "" ? "" : ` in /${home}`;
    if (isRecord(file)) {
      const title = `records of ${manager}${where}`;
      const times = timeless.has(manager) ? "fixed" : "kept";
      put(file, found(records, title, { title, times, files: [], bytes: 0 }));
      continue;
    }
    const isByteCode = /(?:^|\/)__pycache__\//.test(file.path);
    const title = `${isByteCode ? "byte code" : "packages"} of ${manager}${where}`;
    const family = found(families, title, { title, units: new Map() });
    put(file, found(family.units, file.package, emptyUnit(file.package, isByteCode)));
  }
  const units = [...families.values()].flatMap((family) => [...family.units.values()]);
  const heavy = units
    .filter(({ bytes }) => bytes >= heavySize)
    .sort(bySize)
    .slice(0, mostHeavy);
  const alone = new Set(heavy);
  const light = [...families.values()].flatMap((family) =>
    lightLayers(
      family.title,
      [...family.units.values()].filter((unit) => !alone.has(unit)),
    ),
  );
  return { heavy, light, records: [...records.values()] };
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

function emptyUnit({ manager, name, version }: Package, isByteCode: boolean): Unit {
  const title = `${name} ${version}`.trim();
  return {
    title: isByteCode ? `byte code of ${title}` : title,
    times: isByteCode || timeless.has(manager) ? "fixed" : "folders",
    files: [],
    bytes: 0,
    place: createHash("sha256").update(name).digest(),
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
