import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseConfig, type ImageConfig } from "../../oci/config.ts";
import { type Digest, digestOf, hexOf, isDigest } from "../../oci/digest.ts";
import type { DockerInfo } from "../docker/api.ts";
import { chainIds } from "../image-files/chain.ts";
import { readableFile } from "../image-files/readable-file.ts";
import type { MeasuredParts } from "./measured-parts.ts";

/** Where graph drivers put folders of their own, and whether a layer's files lie in one below. */
const drivers: Readonly<Record<string, { folder: string; files: string }>> = {
  overlay2: { folder: "overlay2", files: "diff" },
  "fuse-overlayfs": { folder: "fuse-overlayfs", files: "diff" },
  vfs: { folder: "vfs/dir", files: "" },
};
/** Names that a store gives to folders; anything else in its files leads out of it. */
const plainName = /^[0-9a-z][0-9a-z-]*$/;

/** A layer on all below it. */
interface ChainRecord {
  chain: Digest;
  cacheId: string;
  parent: Digest | undefined;
}

/** Docker's classic store by its files: what belongs to which layer and container. Nothing is written, no lock is taken. */
export class DockerStore {
  readonly #root: string;
  readonly #driver: string;
  readonly #folders: { folder: string; files: string };
  readonly #chains: ReadonlyMap<Digest, ChainRecord>;

  private constructor(root: string, driver: string, chains: ReadonlyMap<Digest, ChainRecord>) {
    this.#root = root;
    this.#driver = driver;
    this.#folders = drivers[driver] ?? { folder: driver, files: "" };
    this.#chains = chains;
  }

  /** Undefined where the store is of another kind, on another machine, or not for us to read. `known` is an image that the daemon has. */
  static async open(info: DockerInfo, known: Digest | undefined): Promise<DockerStore | undefined> {
    const { rootDir, driver } = info;
    if (info.containerdStore || drivers[driver] === undefined) return undefined;
    const layers = join(rootDir, "image", driver, "layerdb/sha256");
    const names = await readdir(layers).catch(() => undefined);
    const graph = await readdir(join(rootDir, drivers[driver].folder)).catch(() => undefined);
    if (graph === undefined) return undefined;
    const chains = new Map<Digest, ChainRecord>();
    for (const name of names ?? []) {
      const chain = `sha256:${name}`;
      const cacheId = (await readableFile(join(layers, name, "cache-id")))?.toString().trim() ?? "";
      const parent = (await readableFile(join(layers, name, "parent")))?.toString().trim();
      if (!isDigest(chain) || !plainName.test(cacheId)) continue;
      chains.set(chain, { chain, cacheId, parent: isDigest(parent) ? parent : undefined });
    }
    const store = new DockerStore(rootDir, driver, chains);
    // A daemon on another machine may have the same folders, but not the same images.
    return known === undefined || (await store.config(known)) !== undefined ? store : undefined;
  }

  get folder(): string {
    return this.#root;
  }

  /** The config of an image, or undefined where it is gone. Throws `CONFIG_INVALID`. */
  async config(id: Digest): Promise<ImageConfig | undefined> {
    const bytes = await readableFile(this.#image("imagedb/content/sha256", hexOf(id)));
    return bytes === undefined || digestOf(bytes) !== id ? undefined : parseConfig(bytes);
  }

  /** Measures an image's records and layers: the part of its records and those of its layers, bottom first. Undefined where it is gone. */
  async addImage(
    parts: MeasuredParts,
    id: Digest,
    diffIds: readonly Digest[],
  ): Promise<{ record: string; layers: string[] } | undefined> {
    const layers: string[] = [];
    for (const chain of chainIds(diffIds)) {
      const record = this.#chains.get(chain);
      if (record === undefined || !(await this.#addLayer(parts, record))) return undefined;
      layers.push(chain);
    }
    const record = await this.addRecord(parts, id);
    return record === undefined ? undefined : { record, layers };
  }

  /** Measures an image's own files; the part that they are, or undefined where it is gone. */
  async addRecord(parts: MeasuredParts, id: Digest): Promise<string | undefined> {
    const record = `image ${id}`;
    const config = this.#image("imagedb/content/sha256", hexOf(id));
    const metadata = this.#image("imagedb/metadata/sha256", hexOf(id));
    return (await parts.add(record, "record", config, { contentIn: metadata, beside: [metadata] }))
      ? record
      : undefined;
  }

  /** Measures a container: the parts that go with it, and those of all layers below. Undefined where it is gone. */
  async addContainer(
    parts: MeasuredParts,
    id: string,
  ): Promise<{ own: string[]; below: string[] } | undefined> {
    if (!plainName.test(id)) return undefined;
    const mounts = this.#image("layerdb/mounts", id);
    const read = async (name: string): Promise<string> =>
      (await readableFile(join(mounts, name)))?.toString().trim() ?? "";
    const mount = await read("mount-id");
    if (!plainName.test(mount)) return undefined;
    const own = [`container ${id}`];
    const beside = [mounts, join(this.#root, "containers", id), ...(await this.#shortName(mount))];
    if (
      !(await parts.add(`container ${id}`, "container", this.#graph(mount), {
        contentIn: this.#files(mount),
        beside,
      }))
    )
      return undefined;
    const init = await read("init-id");
    if (plainName.test(init)) {
      const added = await parts.add(`container ${id} init`, "container", this.#graph(init), {
        contentIn: this.#files(init),
        beside: await this.#shortName(init),
      });
      if (added) own.push(`container ${id} init`);
    }
    const below: string[] = [];
    const parent = await read("parent");
    for (let at = isDigest(parent) ? this.#chains.get(parent) : undefined; at !== undefined; ) {
      if (below.includes(at.chain) || !(await this.#addLayer(parts, at))) break;
      below.push(at.chain);
      at = at.parent === undefined ? undefined : this.#chains.get(at.parent);
    }
    return { own, below };
  }

  /**
   * Measures what no image and no container has: layers and folders that are kept for builds, or that were left behind. `held` are the
   * parts that something has.
   */
  async addRest(parts: MeasuredParts, held: ReadonlySet<string>): Promise<void> {
    const known = new Set(["l"]);
    for (const record of this.#chains.values()) {
      known.add(record.cacheId);
      if (!held.has(record.chain)) await this.#addLayer(parts, record, "cache");
    }
    const mounts = this.#image("layerdb/mounts");
    for (const id of await readdir(mounts).catch(() => [])) {
      for (const name of ["mount-id", "init-id"]) {
        const folder = (await readableFile(join(mounts, id, name)))?.toString().trim();
        if (folder !== undefined && held.has(`container ${id}`)) known.add(folder);
      }
    }
    for (const name of await readdir(this.#graph("")).catch(() => [])) {
      if (known.has(name)) continue;
      await parts.add(`folder ${name}`, "cache", this.#graph(name), {
        contentIn: this.#files(name),
        beside: await this.#shortName(name),
      });
    }
    await parts.add("buildkit", "cache", join(this.#root, "buildkit/content"));
  }

  async #addLayer(
    parts: MeasuredParts,
    { chain, cacheId }: ChainRecord,
    kind: "layer" | "cache" = "layer",
  ): Promise<boolean> {
    const beside = [this.#image("layerdb/sha256", hexOf(chain)), ...(await this.#shortName(cacheId))];
    return await parts.add(chain, kind, this.#graph(cacheId), { contentIn: this.#files(cacheId), beside });
  }

  /** The link by which overlay2 names a folder shortly. */
  async #shortName(id: string): Promise<string[]> {
    const link = (await readableFile(join(this.#graph(id), "link")))?.toString().trim();
    return link !== undefined && /^[A-Z0-9]+$/.test(link) ? [join(this.#graph("l"), link)] : [];
  }

  #image(...path: string[]): string {
    return join(this.#root, "image", this.#driver, ...path);
  }

  #graph(id: string): string {
    return join(this.#root, this.#folders.folder, id);
  }

  #files(id: string): string {
    return join(this.#graph(id), this.#folders.files);
  }
}
