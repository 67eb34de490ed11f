import type { FileClass, FileReport, WasteFinding } from "../analysis.ts";
import type { InventoryEntry } from "../inventory.ts";
import { groupBy, isRiskier, type Ledger, type Part } from "./ledger.ts";

/** A visible content that has a class by each of its names: the riskiest of them. */
export interface Classed extends Part {
  layer: number;
  class: FileClass;
}

/** Contents that could go by their class. What has another name outside every class stays: nothing would be gained. */
export function classedContents(files: readonly FileReport[]): Classed[] {
  const found = new Map<
    InventoryEntry,
    { layer: number; class: FileClass | undefined; entries: FileReport["placed"][] }
  >();
  for (const { placed, class: own } of files) {
    const { content, entry, layer } = placed;
    if (content.size === 0) continue;
    const known = found.get(content);
    if (known === undefined) {
      found.set(content, { layer, class: own, entries: [placed] });
      continue;
    }
    known.entries.push(placed);
    if (entry === content) known.layer = layer;
    if (own === undefined || (known.class !== undefined && isRiskier(own.risk, known.class.risk)))
      known.class = own;
  }
  return [...found].flatMap(([content, { class: own, ...rest }]) =>
    own === undefined ? [] : [{ content, class: own, ...rest }],
  );
}

/** One finding for each class and layer, of the classes that `wanted` says. */
export function findByClass(
  contents: readonly Classed[],
  wanted: (fileClass: FileClass) => boolean,
  ledger: Ledger,
): WasteFinding[] {
  const groups = groupBy(
    contents.filter((one) => wanted(one.class)),
    (one) => `${one.class.name} ${one.layer}`,
  );
  return [...groups.values()].flatMap((group) => {
    const [{ class: own, layer }] = group as [Classed];
    const { name, title, risk, why, edit } = own;
    return ledger.finding({ kind: "class", layer }, group, () => ({ name, title, risk, why, edit })) ?? [];
  });
}
