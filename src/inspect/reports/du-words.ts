import type { Measure } from "../../places/usage/usage.ts";
import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { PlaceAccount, Purposes } from "../du/account.ts";
import type { StoredPackage } from "../du/package-sums.ts";
import type { BasePlan } from "../du/plan.ts";
import type { DiskReport } from "../du/report.ts";
import { danglingOf } from "../du/removal.ts";

/** What bytes of a place are, in words. */
export const measureWords: Readonly<Record<Measure, string>> = {
  disk: "bytes on disk",
  content: "bytes of files",
  packed: "packed bytes",
  tar: "bytes of tars",
};

/** What bytes are for, in words, in the order in which a person would ask. */
export const purposeWords: readonly [keyof Purposes, string][] = [
  ["images", "images"],
  ["containers", "written by containers"],
  ["orphaned", "layers of removed images, kept for containers"],
  ["cache", "kept for builds"],
  ["rest", "needed by nothing, and own records"],
];

/** "12 images cost 1.4 GB, 610 MB of it shared". */
export function duHeadline({ places, contents }: DiskReport): string {
  const images = places.reduce((sum, place) => sum + place.images.length, 0);
  const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
  const twice = contents === undefined ? 0 : contents.sums.bytes - contents.sums.distinctBytes;
  const more = twice === 0 ? "" : `; ${formatBytes(twice)} of files are stored more than once`;
  return `${plural(images, "image")} and what belongs to them: ${formatBytes(bytes)}${more}`;
}

/** What a place could be rid of without losing an image that has a name: bytes and what for. */
export function looseEnds(place: PlaceAccount): { bytes: number; text: string }[] {
  const dangling = danglingOf(place);
  const stopped = place.containers.filter(({ container }) => !container.running);
  const ends = [
    { bytes: dangling.freed, text: `${plural(dangling.gone.length, "image")} without a name` },
    {
      bytes: stopped.reduce((sum, { bytes }) => sum + bytes, 0),
      text: `written by ${plural(stopped.length, "container")} that ${stopped.length === 1 ? "does" : "do"} not run`,
    },
    { bytes: place.purposes.cache, text: "kept for builds" },
  ];
  return ends.filter(({ bytes }) => bytes > 0);
}

/** `torch 2.5.1 (Python 3.10)`. */
export function packageWords({ name, version, python }: StoredPackage): string {
  return `${name}${version === "" ? "" : ` ${version}`}${python === "" ? "" : ` (Python ${python})`}`;
}

/** "A base with torch 2.5.1 and 2.6.0 for Python 3.10 would save 25 GB". */
export function planWords({ torches, python, saved }: BasePlan): string {
  const last = torches.at(-1) ?? "";
  const list = torches.length < 2 ? last : `${torches.slice(0, -1).join(", ")} and ${last}`;
  return `A base with torch ${list} for Python ${python} would save ${formatBytes(saved)}`;
}
