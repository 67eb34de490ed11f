import { table } from "../../report/table.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Reason } from "./choose-files.ts";
import { type Elsewhere, foundElsewhere } from "./elsewhere.ts";
import { type Member, sizeOf } from "./members.ts";
import type { PlatformPlan, RebasePlan } from "./plan.ts";

/** What `--json` says of one platform. Sizes in bytes. */
export interface PlatformReport {
  platform: string;
  /** Files that come from the base; `late` of them have its time or, byte code, name it. */
  taken: { files: number; bytes: number; layers: number; late: number };
  /** Layers of the result over the base, as tars; `from` are the numbers of the image's layers. */
  layers: { from: number[]; bytes: number; entries: number }[];
  /** What stands in them, why, and what it takes in the tars. All of them together are the layers. */
  reasons: { reason: Reason | "frame"; entries: number; bytes: number }[];
  /** Whiteouts for what the base has and the image has not. */
  removed: number;
  /** What of it the base has at other paths, most first. */
  elsewhere: Elsewhere[];
}

const mostElsewhere = 10;

/** Sums up what is planned for a platform. */
export function reportPlatform({ image, base, baseFiles, choice, layers }: PlatformPlan): PlatformReport {
  const reasonOf = new Map(choice.chosen.map(({ path, reason }) => [path, reason]));
  const sums = new Map<Reason | "frame", { entries: number; bytes: number }>();
  const add = (reason: Reason | "frame", bytes: number): void => {
    const sum = sums.get(reason) ?? { entries: 0, bytes: 0 };
    sums.set(reason, { entries: sum.entries + 1, bytes: sum.bytes + bytes });
  };
  const members = layers.flatMap((layer): readonly Member[] => layer.members);
  for (const member of members)
    add(member.kind === "whiteout" ? "frame" : (reasonOf.get(member.path) ?? "frame"), sizeOf(member));
  const frame = sums.get("frame") ?? { entries: 0, bytes: 0 };
  sums.set("frame", { ...frame, bytes: frame.bytes + endMarkers(layers) });
  return {
    platform: formatPlatform(image.platform),
    taken: { ...choice.taken, layers: base.layers.length },
    layers: layers.map(({ origins, size, members: { length } }) => ({
      from: origins.map((origin) => origin + 1),
      bytes: size,
      entries: length,
    })),
    reasons: [...sums]
      .map(([reason, sum]) => ({ reason, ...sum }))
      .sort((one, other) => other.bytes - one.bytes),
    removed: members.filter(({ kind }) => kind === "whiteout").length,
    elsewhere: foundElsewhere(members, baseFiles).slice(0, mostElsewhere),
  };
}

/** What a tar has besides its entries. */
function endMarkers(layers: PlatformPlan["layers"]): number {
  return layers.reduce(
    (sum, { members, size }) => sum + size - members.reduce((bytes, member) => bytes + sizeOf(member), 0),
    0,
  );
}

const words: Record<Reason | "frame", string> = {
  new: "the base has nothing there",
  type: "the base has something of another type there",
  content: "other content",
  owner: "only another owner: the content has to go along",
  mode: "only another mode: the content has to go along",
  attributes: "only other extended attributes: the content has to go along",
  time: "only another time, or byte code that names it: --times of-base takes these from the base",
  "own-time": "only another time, which has to stay: byte code names it, or the file has other names",
  names: "other hard links to the same file",
  frame: "folders around them, whiteouts, ends of tars",
};

/** Lines for a person: what comes from the base, what does not and why, and what a rebase cannot reach. */
export function planLines(
  { tree, base, leftOut }: RebasePlan,
  name: string,
  reports: readonly PlatformReport[],
): string[] {
  const alone = tree.images.length > 1 ? leftOut : [];
  return [
    ...reports.flatMap((report) => [...platformLines(name, base.name, report), ""]),
    ...alone.map((platform) => `${base.name} is not for ${platform}: the new image has no such platform.`),
  ];
}

function platformLines(name: string, base: string, report: PlatformReport): string[] {
  const bytes = report.layers.reduce((sum, layer) => sum + layer.bytes, 0);
  const { taken, elsewhere } = report;
  const late =
    taken.late === 0 ? "" : `; ${counted(taken.late, "of them has", "of them have")} the base's time`;
  return [
    `${name} over ${base}, ${report.platform}:`,
    `${formatBytes(taken.bytes)} in ${counted(taken.files, "file comes", "files come")} from the base's ${counted(taken.layers, "layer", "layers")}${late}`,
    `${formatBytes(bytes)} in ${counted(report.layers.length, "new layer", "new layers")}${bytes === 0 ? "" : ", uncompressed:"}`,
    table(
      report.reasons
        .filter(() => bytes > 0)
        .map(({ reason, entries, bytes: size }) => [
          `  ${formatBytes(size)}`,
          String(entries),
          words[reason],
        ]),
      [0, 1],
    ),
    ...elsewhereLines(elsewhere, bytes),
  ].filter((line) => line !== "");
}

/** Said only where it is a good part of what has to be stored. */
function elsewhereLines(elsewhere: readonly Elsewhere[], all: number): string[] {
  const bytes = elsewhere.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes === 0 || bytes * 10 < all) return [];
  return [
    `${formatBytes(bytes)} of this stand in the base at another path, where a rebase cannot take them from:`,
    table(
      elsewhere
        .slice(0, 3)
        .map((one) => [`  ${formatBytes(one.bytes)}`, `/${one.folder}`, `in the base /${one.base}`]),
      [0],
    ),
    "To share them, build on the base and link to what it has: `ddiff du` says which lines of the Dockerfile to change.",
  ];
}

function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
