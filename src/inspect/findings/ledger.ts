import type { Risk, WasteFinding } from "../analysis.ts";
import type { Placed } from "../image-view.ts";
import type { InventoryEntry } from "../inventory.ts";

/** Bytes that belong into one finding: a content, and all entries that would go with it. */
export interface Part {
  content: InventoryEntry;
  entries: readonly Placed[];
}

/** What a finding says, apart from its numbers. */
export type Words = Pick<WasteFinding, "name" | "title" | "risk" | "why" | "edit">;

/** Contents that stand in a finding already: every byte is counted in one finding at most. */
export class Ledger {
  readonly #claimed = new Set<InventoryEntry>();

  /** Whether this content is still free. */
  isFree(content: InventoryEntry): boolean {
    return !this.#claimed.has(content);
  }

  /** A finding of those parts that are still free, which then are not any more; undefined where that is less than `least` bytes. */
  finding(
    where: Pick<WasteFinding, "kind" | "layer" | "by">,
    parts: readonly Part[],
    wordsOf: (parts: readonly Part[]) => Words,
    least = 1,
  ): WasteFinding | undefined {
    const free = parts.filter(({ content }) => this.isFree(content));
    const bytes = bytesOf(free);
    if (bytes < least) return undefined;
    for (const { content } of free) this.#claimed.add(content);
    const entries = free.flatMap((part) => part.entries);
    return { ...where, ...wordsOf(free), bytes, files: entries.length, entries };
  }
}

/** Bytes of content, each once. */
export function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { content }) => sum + content.size, 0);
}

/** Values in lists by key, in the order in which keys come first. */
export function groupBy<Value>(
  values: Iterable<Value>,
  keyOf: (value: Value) => string,
): ReadonlyMap<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [value]);
    else same.push(value);
  }
  return groups;
}

const most = 0.9;

/** The deepest folder, or the one file, that holds nearly all of the bytes: `/var/lib/apt/lists`. */
export function placeOf(parts: readonly Part[]): string {
  let inside = parts.map(({ content, entries }) => ({
    names: (entries[0]?.entry ?? content).path.split("/"),
    size: content.size,
  }));
  const enough = bytesOf(parts) * most;
  const found: string[] = [];
  for (let depth = 0; ; depth++) {
    const groups = groupBy(
      inside.filter(({ names }) => names.length > depth),
      ({ names }) => names[depth] ?? "",
    );
    const next = [...groups].find(([, group]) => group.reduce((sum, { size }) => sum + size, 0) >= enough);
    if (next === undefined) return `/${found.join("/")}`;
    found.push(next[0]);
    inside = next[1];
  }
}

const ranks: Record<Risk, number> = { safe: 0, check: 1, risky: 2 };

/** Whether the first risk is greater than the second. */
export function isRiskier(one: Risk, other: Risk): boolean {
  return ranks[one] > ranks[other];
}
