import type { PlaceContext } from "../../places/place.ts";
import type { Usage } from "../../places/usage/usage.ts";
import { accountOf, type PlaceAccount } from "./account.ts";
import { type Contents, readContentsOf } from "./contents.ts";
import { type Group, type Grouping, groupsOf } from "./groups.ts";
import { type BasePlan, planBases } from "./plan.ts";
import { type Removal, removalOf } from "./removal.ts";

/** What a person asks of places. */
export interface DiskRequest {
  grouping?: Grouping;
  /** Images whose removal is weighed. */
  remove: readonly string[];
  /** Whether layers are read that the cache does not know. */
  files: boolean;
}

/** What places keep, for whom, and what of it is there several times. */
export interface DiskReport {
  places: PlaceAccount[];
  grouping?: Grouping;
  /** By place, in the order of `places`; empty where nobody asked. */
  groups: Group[][];
  /** Only where somebody asked. */
  removals?: Removal[];
  /** Undefined where layers would have to be read for it, and nobody asked for that. */
  contents?: Contents;
  plans: BasePlan[];
  notes: string[];
}

/** Adds up what places keep. Throws `IMAGE_NOT_FOUND` where an image that is to be removed is nowhere. */
export async function diskReport(
  usages: readonly Usage[],
  { grouping, remove, files }: DiskRequest,
  context: PlaceContext,
  notes: readonly string[],
): Promise<DiskReport> {
  const places = usages.map(accountOf);
  const removals = remove.length === 0 ? undefined : removalOf(places, remove);
  const said = [...notes, ...usages.flatMap((usage) => usage.notes)];
  const contents = await readContentsOf(places, { read: files, context, notes: said });
  return {
    places,
    ...(grouping === undefined ? {} : { grouping }),
    groups: grouping === undefined ? [] : places.map((place) => groupsOf(place, grouping)),
    ...(removals === undefined ? {} : { removals }),
    ...(contents === undefined ? {} : { contents }),
    plans: contents === undefined ? [] : planBases(contents.images),
    notes: said,
  };
}
