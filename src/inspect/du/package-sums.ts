import type { UsedImage } from "../../places/usage/usage.ts";
import type { Manager, Package, Step } from "../analysis.ts";
import { attributePackages } from "../attribute.ts";
import type { InventoryEntry, LayerInventory } from "../inventory.ts";
import { stackLayers } from "../stack.ts";
import { stepsOf } from "../steps.ts";
import type { PlaceAccount } from "./account.ts";
import { contentKey } from "./content-sums.ts";
import type { ReadContents } from "./stored-contents.ts";

/** Managers that install the same packages count as one. */
export type PackageKind = Exclude<Manager, "pip" | "uv" | "none"> | "python";

/** A package in one version, over all places. Bytes are of content that containers see. */
export interface StoredPackage {
  kind: PackageKind;
  name: string;
  version: string;
  /** The Python that its files lie under, such as `3.10`; "" for none. */
  python: string;
  /** Images that have it. */
  images: number;
  /** Layers that hold files of it, each as often as it is stored. */
  layers: number;
  /** What is stored of it. */
  bytes: number;
  /** The same with each content once. */
  distinct: number;
}

/** A package in an image. */
export interface PackageUse {
  package: CountedPackage;
  /** In the image, each hard link once. */
  bytes: number;
  /** The same by the number of the layer. */
  layers: Map<number, number>;
}

/** An image with its packages. */
export interface ImagePackages {
  place: PlaceAccount;
  image: UsedImage;
  /** By layer, bottom first. */
  steps: Step[];
  packages: PackageUse[];
}

/** A package with the contents that it is made of. */
export class CountedPackage implements StoredPackage {
  readonly kind: PackageKind;
  readonly name: string;
  readonly version: string;
  readonly python: string;
  bytes = 0;
  distinct = 0;
  /** Bytes of each content. */
  readonly contents = new Map<string, number>();
  readonly #stored = new Map<string, Set<string>>();
  readonly #images = new Set<UsedImage>();

  constructor({ manager, name, version }: Package, python: string) {
    this.kind = kindOf(manager);
    this.name = name;
    this.version = version;
    this.python = python;
  }

  get images(): number {
    return this.#images.size;
  }

  get layers(): number {
    return this.#stored.size;
  }

  /** Adds a file that an image has of it, and each stored one once. */
  add(image: UsedImage, stored: string, entry: InventoryEntry): void {
    this.#images.add(image);
    let paths = this.#stored.get(stored);
    if (paths === undefined) this.#stored.set(stored, (paths = new Set()));
    if (paths.has(entry.path)) return;
    paths.add(entry.path);
    this.bytes += entry.size;
    const content = contentKey(entry);
    if (this.contents.has(content)) return;
    this.contents.set(content, entry.size);
    this.distinct += entry.size;
  }
}

/** Counts packages over many images. */
export class PackageCounter {
  readonly images: ImagePackages[] = [];
  readonly #packages = new Map<string, CountedPackage>();

  /** Adds an image; `stored` names what keeps each of its layers. */
  add({ place, image, platform, layers }: ReadContents, stored: readonly string[]): void {
    const uses = new Map<CountedPackage, PackageUse>();
    const { owned, pythons } = ownedContents(layers);
    const known = new Map<Package, CountedPackage>();
    for (const { owner, content, layer } of owned) {
      let counted = known.get(owner);
      if (counted === undefined)
        known.set(owner, (counted = this.#packageOf(owner, pythons.get(owner) ?? "")));
      counted.add(image, stored[layer] ?? "", content);
      let use = uses.get(counted);
      if (use === undefined) uses.set(counted, (use = { package: counted, bytes: 0, layers: new Map() }));
      use.bytes += content.size;
      use.layers.set(layer, (use.layers.get(layer) ?? 0) + content.size);
    }
    const steps = stepsOf(platform.history, layers.length);
    this.images.push({ place, image, steps, packages: [...uses.values()] });
  }

  /** Packages that cost more than one copy of them would, the dearest first. */
  repeated(): CountedPackage[] {
    const several = [...this.#packages.values()].filter(({ bytes, distinct }) => bytes > distinct);
    return several.sort(
      (one, other) =>
        extra(other) - extra(one) ||
        (`${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1),
    );
  }

  #packageOf(owner: Package, python: string): CountedPackage {
    const key = JSON.stringify([kindOf(owner.manager), owner.name, owner.version, python]);
    const known = this.#packages.get(key);
    if (known !== undefined) return known;
    const counted = new CountedPackage(owner, python);
    this.#packages.set(key, counted);
    return counted;
  }
}

/** A visible content that is a package's. */
interface OwnedContent {
  owner: Package;
  content: InventoryEntry;
  /** The layer that holds its bytes. */
  layer: number;
}

/** Each content that a container sees and a package owns, once; and the Python of each package that has one. */
function ownedContents(layers: readonly LayerInventory[]): {
  owned: OwnedContent[];
  pythons: ReadonlyMap<Package, string>;
} {
  const view = stackLayers(layers);
  const owners = attributePackages(view);
  const pythons = new Map<Package, string>();
  const counted = new Set<InventoryEntry>();
  const owned: OwnedContent[] = [];
  let homes: ReadonlyMap<InventoryEntry, number> | undefined;
  for (const [path, { layer, entry, content }] of view.visible) {
    const owner = owners.get(path);
    if (owner === undefined || content.size === 0) continue;
    const python = pythons.has(owner) ? undefined : /(?:^|\/)python(\d+\.\d+)\//.exec(path)?.[1];
    if (python !== undefined) pythons.set(owner, python);
    if (counted.has(content)) continue;
    counted.add(content);
    // What a hard link is a link to may lie in a lower layer.
    if (entry !== content) homes ??= layersOfEntries(layers);
    owned.push({ owner, content, layer: entry === content ? layer : (homes?.get(content) ?? layer) });
  }
  return { owned, pythons };
}

function layersOfEntries(layers: readonly LayerInventory[]): Map<InventoryEntry, number> {
  const found = new Map<InventoryEntry, number>();
  for (const [layer, { entries }] of layers.entries()) for (const entry of entries) found.set(entry, layer);
  return found;
}

function kindOf(manager: Manager): PackageKind {
  return manager === "pip" || manager === "uv" || manager === "none" ? "python" : manager;
}

function extra({ bytes, distinct }: StoredPackage): number {
  return bytes - distinct;
}
