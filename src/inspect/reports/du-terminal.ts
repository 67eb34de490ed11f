import type { Ink } from "../../report/ink.ts";
import { cutLine, section, sectionTitle } from "../../report/section.ts";
import { printableLine, wrap } from "../../report/text.ts";
import { grouped, plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import { nameOf, type PlaceAccount } from "../du/account.ts";
import type { Contents } from "../du/contents.ts";
import type { Group } from "../du/groups.ts";
import type { BasePlan, ImagePlan } from "../du/plan.ts";
import type { Removal } from "../du/removal.ts";
import type { DiskReport } from "../du/report.ts";
import { duHeadline, looseEnds, measureWords, packageWords, planWords, purposeWords } from "./du-words.ts";

/** Rows of a section; a screen has few. */
const most = { images: 30, containers: 10, volumes: 10, groups: 20, packages: 12, copied: 8, words: 6 };

/** What a person reads: each place with its images, what could go, what is there several times, and the plan. */
export function duTerminal(report: DiskReport, ink: Ink): string {
  const blocks = [
    ink.paint("bold", duHeadline(report)),
    ...(report.removals ?? []).map((removal) => removalBlock(removal, ink)),
    ...report.places.flatMap((place, i) => placeBlocks(place, report.groups[i], ink)),
    ...(report.contents === undefined ? [] : contentsBlocks(report.contents, ink)),
    ...report.plans.map((plan) => planBlock(plan, ink)),
    notesBlock(report, ink),
  ];
  return blocks.filter((one) => one !== "").join("\n\n");
}

/** One line for each image, or each group, and nothing else: bytes, unique bytes, name. */
export function duShort({ places, groups, removals }: DiskReport): string {
  if (removals !== undefined) return String(removals.reduce((sum, { freed }) => sum + freed, 0));
  const rows = places.flatMap((place, i) =>
    groups[i] === undefined
      ? place.images.map(({ image, bytes, unique }) => `${bytes} ${unique} ${nameOf(image)}`)
      : groups[i].map(({ name, bytes, unique }) => `${bytes} ${unique} ${name}`),
  );
  return rows.map(printableLine).join("\n");
}

function placeBlocks(place: PlaceAccount, groups: readonly Group[] | undefined, ink: Ink): string[] {
  const { usage } = place;
  const where = usage.folder === undefined ? "" : `, ${usage.folder}`;
  const rows = purposeWords
    .filter(([purpose]) => purpose === "images" || place.purposes[purpose] > 0)
    .map(([purpose, words]) => [
      formatBytes(place.purposes[purpose]),
      purpose === "images"
        ? `${plural(place.images.length, "image")}, ${formatBytes(place.shared)} of it shared`
        : words,
    ]);
  const title = printableLine(
    `${usage.name} (${usage.label}${where}): ${formatBytes(place.bytes)}, ${measureWords[usage.measure]}`,
  );
  return [
    section(title, ["SIZE", "FOR"], rows, [0], ink),
    section(
      "Images",
      ["SIZE", "UNIQUE", "SHARED", "FREED", "NAME", "USED BY"],
      imageRows(place),
      [0, 1, 2, 3],
      ink,
    ),
    groups === undefined
      ? ""
      : section(
          "Together",
          ["SIZE", "UNIQUE", "SHARED", "IMAGES", "OF"],
          groupRows(groups),
          [0, 1, 2, 3],
          ink,
        ),
    section("Containers", ["SIZE", "ORPHANED", "STATE", "NAME", "OF"], containerRows(place), [0, 1], ink),
    section("Volumes", ["SIZE", "NAME"], volumeRows(place), [0], ink),
    section(
      "Could go at once",
      ["SIZE", "WHAT"],
      looseEnds(place).map(({ bytes, text }) => [formatBytes(bytes), text]),
      [0],
      ink,
    ),
  ];
}

function imageRows({ images }: PlaceAccount): string[][] {
  const rows = images
    .slice(0, most.images)
    .map(({ image, bytes, unique, shared, freed, containers }) => [
      formatBytes(bytes),
      formatBytes(unique),
      formatBytes(shared),
      formatBytes(freed),
      printableLine(imageName(image.names, image.id)),
      printableLine(containers.map(({ name }) => name).join(", ")),
    ]);
  const rest = images.slice(most.images);
  if (rest.length > 0)
    rows.push(["", "", "", "", `and ${plural(rest.length, "smaller image")}; --json has them`, ""]);
  return rows;
}

function imageName(names: readonly string[], id: string): string {
  const [first, ...others] = names;
  if (first === undefined) return `${id.slice(7, 19)} (no name)`;
  return others.length === 0 ? first : `${first} and ${plural(others.length, "other name")}`;
}

function groupRows(groups: readonly Group[]): string[][] {
  return groups
    .slice(0, most.groups)
    .map(({ name, images, bytes, unique, shared }) => [
      formatBytes(bytes),
      formatBytes(unique),
      formatBytes(shared),
      grouped(images),
      name === "" ? "(not said)" : printableLine(name),
    ]);
}

function containerRows({ containers }: PlaceAccount): string[][] {
  return containers
    .slice(0, most.containers)
    .map(({ container, bytes, orphaned }) => [
      formatBytes(bytes),
      orphaned === 0 ? "" : formatBytes(orphaned),
      container.running ? "runs" : "stopped",
      printableLine(container.name),
      printableLine(container.image),
    ]);
}

function volumeRows({ usage }: PlaceAccount): string[][] {
  const { volumes } = usage;
  if (volumes.length > 0 && volumes.every(({ cost }) => cost === undefined))
    return [["?", `${plural(volumes.length, "volume")}; --volumes measures them`]];
  const sized = volumes.map(({ name, cost }) => ({ name, bytes: cost?.disk ?? cost?.content }));
  return sized
    .sort((one, other) => (other.bytes ?? 0) - (one.bytes ?? 0))
    .slice(0, most.volumes)
    .map(({ name, bytes }) => [bytes === undefined ? "?" : formatBytes(bytes), printableLine(name)]);
}

function removalBlock({ place, gone, kept, freed, stays }: Removal, ink: Ink): string {
  const names = gone.map(nameOf).join(", ");
  const lines = [
    gone.length === 0
      ? `Nothing would go from ${place.usage.label}`
      : `Without ${printableLine(names)} ${place.usage.label} gets back ${formatBytes(freed)} (${grouped(freed)} ${measureWords[place.usage.measure]})`,
  ];
  const keepers = [
    ...stays.containers.map(({ name }) => `the container ${name}`),
    ...stays.images.map(nameOf),
  ];
  if (keepers.length > 0)
    lines.push(
      wrap(printableLine(`${formatBytes(stays.bytes)} of it stays for ${few(keepers)}.`), ink.width, "  "),
    );
  for (const { image, names: left } of kept)
    lines.push(
      wrap(printableLine(`${nameOf(image)} stays: it is also called ${few(left)}.`), ink.width, "  "),
    );
  const [first = "", ...rest] = lines;
  return [ink.paint("bold", first), ...rest].join("\n");
}

function contentsBlocks({ sums, packages, copied }: Contents, ink: Ink): string[] {
  const rows = packages
    .slice(0, most.packages)
    .map((one) => [
      formatBytes(one.bytes),
      formatBytes(one.distinct),
      grouped(one.images),
      grouped(one.layers),
      printableLine(packageWords(one)),
    ]);
  const files = copied
    .slice(0, most.copied)
    .map(({ path, bytes, copies }) => [
      formatBytes(bytes * copies),
      formatBytes(bytes),
      grouped(copies),
      printableLine(`/${path}`),
    ]);
  const line = `Files in all stored layers: ${formatBytes(sums.bytes)}; each content once: ${formatBytes(sums.distinctBytes)} (bytes of files)`;
  return [
    sums.files === 0 ? "" : line,
    section(
      "Packages that are stored several times",
      ["STORED", "ONCE", "IMAGES", "LAYERS", "PACKAGE"],
      rows,
      [0, 1, 2, 3],
      ink,
    ),
    section(
      "Files that are stored several times",
      ["STORED", "ONCE", "COPIES", "PATH"],
      files,
      [0, 1, 2],
      ink,
    ),
  ];
}

function planBlock(plan: BasePlan, ink: Ink): string {
  const lines = [
    sectionTitle(printableLine(planWords(plan)), ink),
    `  ${formatBytes(plan.stored)} in ${plural(plan.images.length, "image")} would be ${formatBytes(plan.once)} in the base (bytes of files).`,
  ];
  const lead = plan.base.isHere
    ? `  ${plan.base.name} is such a base.`
    : "  In base.yaml, for `ddiff base build`:";
  lines.push(printableLine(lead));
  if (!plan.base.isHere)
    for (const line of plan.definition) lines.push(wrap(printableLine(line), ink.width, "    "));
  for (const { names, image } of alike(plan.images)) {
    lines.push(
      wrap(
        printableLine(`${few(names)}: ${formatBytes(image.bytes)} less${names.length > 1 ? " each" : ""}`),
        ink.width,
        "  ",
      ),
    );
    for (const line of image.dockerfile) lines.push(ink.paint("green", `    + ${printableLine(line)}`));
    for (const step of image.steps) {
      const text = step.text === "" ? `layer ${step.layer}` : step.text;
      lines.push(cutLine(ink.paint("dim", printableLine(`    ~ ${text}`)), ink));
      lines.push(
        wrap(
          printableLine(`without ${few(step.packages)} (${formatBytes(step.bytes)})`),
          ink.width,
          "      ",
        ),
      );
    }
  }
  return lines.join("\n");
}

/** Images with the same change together. */
function alike(images: readonly ImagePlan[]): { names: string[]; image: ImagePlan }[] {
  const groups = Map.groupBy(images, ({ bytes, dockerfile, steps }) =>
    JSON.stringify([bytes, dockerfile, steps]),
  );
  return [...groups.values()].flatMap((same) => {
    const [image] = same;
    return image === undefined ? [] : [{ names: same.map((one) => nameOf(one.image)), image }];
  });
}

function notesBlock({ notes, contents, places }: DiskReport, ink: Ink): string {
  const hint =
    contents === undefined && places.some(({ images }) => images.length > 0)
      ? [
          "Not all layers were looked into yet: `ddiff du --files` does, and says which files and packages are stored several times.",
        ]
      : [];
  return [...notes, ...hint].map((note) => wrap(printableLine(note), ink.width)).join("\n");
}

/** The first of a list, and how many others there are. */
function few(names: readonly string[]): string {
  const shown = names.slice(0, most.words);
  const rest = names.length - shown.length;
  return rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${plural(rest, "other")}`;
}
