import type { WasteFinding } from "../analysis.ts";
import type { Classifier } from "../classes.ts";
import type { Hidden, ImageView, Placed } from "../image-view.ts";
import type { InventoryEntry } from "../inventory.ts";
import { bytesOf, groupBy, placeOf, type Ledger, type Part, type Words } from "./ledger.ts";

/** A content that no container sees any more by any of its names. */
interface Lost extends Part {
  layer: number;
  /** The last step that took a name from it: until then it was needed. */
  by: number;
  how: Hidden["how"];
}

const kinds = { removed: "removed-later", overwritten: "overwritten", copied: "copied" } as const;

/** What later layers hide, and what one layer's tar holds twice: safe to leave out, for nothing can read it. */
export function findHidden(view: ImageView, classOf: Classifier, ledger: Ledger): WasteFinding[] {
  const groups = groupBy(
    [...lostContents(view), ...doubled(view)],
    ({ how, layer, by }) => `${how} ${layer} ${by}`,
  );
  return [...groups.values()].flatMap((lost) => {
    const [{ how, layer, by }] = lost as [Lost];
    const where = { kind: kinds[how], layer, by };
    return ledger.finding(where, lost, (parts) => wordsOf(how, parts, classOf)) ?? [];
  });
}

function lostContents({ visible, hidden }: ImageView): Lost[] {
  const seen = new Set<InventoryEntry>();
  for (const { content } of visible.values()) seen.add(content);
  const lost = new Map<
    InventoryEntry,
    { layer: number; by: number; how: Hidden["how"]; entries: Placed[] }
  >();
  for (const { by, how, ...placed } of hidden) {
    const { content, entry, layer } = placed;
    if (content.size === 0 || seen.has(content)) continue;
    const known = lost.get(content);
    if (known === undefined) {
      lost.set(content, { layer, by, how, entries: [placed] });
      continue;
    }
    known.entries.push(placed);
    if (entry === content) known.layer = layer;
    if (by > known.by) Object.assign(known, { by, how });
  }
  return [...lost].map(([content, one]) => ({ content, ...one }));
}

/** Files that the tar of one layer holds again further on: only the last counts. */
function doubled({ layers, visible, hidden }: ImageView): Lost[] {
  const placed = new Set<InventoryEntry>();
  for (const { content } of visible.values()) placed.add(content);
  for (const { content } of hidden) placed.add(content);
  return layers.flatMap(({ entries }, layer) => {
    const found: Lost[] = [];
    const later = new Set<string>();
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as InventoryEntry;
      if (entry.size > 0 && !placed.has(entry) && later.has(entry.path))
        found.push({
          content: entry,
          entries: [{ layer, entry, content: entry }],
          layer,
          by: layer,
          how: "overwritten",
        });
      later.add(entry.path);
    }
    return found;
  });
}

const why = "No container sees these bytes, yet every one who pulls the image gets them.";

function wordsOf(how: Hidden["how"], parts: readonly Part[], classOf: Classifier): Words {
  const name = placeOf(parts);
  const base = { name, risk: "safe" as const, why };
  if (how === "copied") {
    return {
      ...base,
      title: `${name}: copied whole because a later step changes owner, mode or times`,
      edit: "Set the owner where the files come from: `COPY --chown=USER:GROUP …`, or `chown` and `chmod` in the RUN that writes them.",
    };
  }
  if (how === "overwritten") {
    return {
      ...base,
      title: `${name}: written again by a later step`,
      edit: "Write the final content in one step, or make it in a stage of its own and copy the result.",
    };
  }
  return {
    ...base,
    title: `${name}: removed by a later step`,
    edit:
      editOfClass(parts, classOf) ??
      `Remove it in the RUN that writes it: \`&& rm -rf ${name}\`, or make it in a stage of its own.`,
  };
}

/** How most of these files would not have come in at all. */
function editOfClass(parts: readonly Part[], classOf: Classifier): string | undefined {
  const groups = groupBy(parts, ({ entries: [first] }) =>
    first === undefined ? "" : (classOf(first.entry.path, first, undefined)?.edit ?? ""),
  );
  const enough = bytesOf(parts) / 2;
  return [...groups].find(([edit, group]) => edit !== "" && bytesOf(group) > enough)?.[0];
}
