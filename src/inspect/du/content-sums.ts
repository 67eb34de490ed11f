import type { InventoryEntry } from "../inventory.ts";

/** Files in stored layers: each layer as often as it is stored, hard links of a layer once. Bytes of content. */
export interface ContentSums {
  files: number;
  bytes: number;
  /** The same with each content once. */
  distinctFiles: number;
  distinctBytes: number;
}

/** A large content that is stored several times. */
export interface CopiedContent {
  /** One of its paths. */
  path: string;
  /** Of one copy. */
  bytes: number;
  copies: number;
}

/** Smaller contents are not named one by one. */
const leastNamed = 1 << 20;

/** What tells contents apart. */
export function contentKey({ hash, size }: InventoryEntry): string {
  return `${hash}${size}`;
}

/** Counts contents over the layers of many images. */
export class ContentCounter {
  readonly sums: ContentSums = { files: 0, bytes: 0, distinctFiles: 0, distinctBytes: 0 };
  readonly #layers = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #large = new Map<string, CopiedContent>();

  /** Adds a layer; `stored` names what is stored, and counts once. */
  add(stored: string, entries: readonly InventoryEntry[]): void {
    if (this.#layers.has(stored)) return;
    this.#layers.add(stored);
    for (const entry of entries) {
      if (entry.size === 0) continue;
      const key = contentKey(entry);
      this.sums.files += 1;
      this.sums.bytes += entry.size;
      if (!this.#seen.has(key)) {
        this.#seen.add(key);
        this.sums.distinctFiles += 1;
        this.sums.distinctBytes += entry.size;
      }
      if (entry.size >= leastNamed) this.#name(key, entry);
    }
  }

  /** Contents that are stored several times, those that cost most first. */
  copied(): CopiedContent[] {
    const several = [...this.#large.values()].filter(({ copies }) => copies > 1);
    return several.sort((one, other) => extra(other) - extra(one) || (one.path < other.path ? -1 : 1));
  }

  #name(key: string, { path, size: bytes }: InventoryEntry): void {
    const known = this.#large.get(key);
    if (known === undefined) this.#large.set(key, { path, bytes, copies: 1 });
    else known.copies += 1;
  }
}

function extra({ bytes, copies }: CopiedContent): number {
  return bytes * (copies - 1);
}
