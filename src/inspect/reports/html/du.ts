import { plural } from "../../../report/words.ts";
import { formatBytes } from "../../../util/bytes.ts";
import { nameOf, type PlaceAccount } from "../../du/account.ts";
import type { Contents } from "../../du/contents.ts";
import type { Group } from "../../du/groups.ts";
import type { BasePlan } from "../../du/plan.ts";
import type { DiskReport } from "../../du/report.ts";
import { duHeadline, looseEnds, measureWords, packageWords, planWords, purposeWords } from "../du-words.ts";
import { type Bar, barPicture } from "./bars.ts";
import { htmlDocument } from "./document.ts";
import { pageSource } from "./page-source.ts";
import { htmlTable, htmlText } from "./table.ts";

/** Rows of a table and bars of a picture; --json has all. */
const most = { images: 60, packages: 60, files: 40, bars: 24, plans: 4 };

/** What pictures of bars need beside the style of pages. */
const barStyle = `
.bars{display:block;width:100%;max-width:1100px;height:auto;margin:8px 0 18px;font-size:14px}
.bars text{fill:var(--ink);dominant-baseline:central}
.bars .name{text-anchor:end}
.bars .size{fill:var(--soft)}
.bars rect{stroke:var(--paper);stroke-width:1}
.unique,.once{fill:var(--accent)}
.shared{fill:color-mix(in oklab,var(--accent) 35%,var(--paper))}
.again{fill:var(--risky)}
.images{fill:var(--accent)}.containers{fill:var(--safe)}.orphaned{fill:var(--check)}.cache{fill:var(--unseen)}.rest{fill:var(--risky)}
.key span::before{content:"";display:inline-block;width:.8em;height:.8em;margin:0 .4em 0 1em;border-radius:2px;background:currentColor}
.key .unique,.key .once,.key .images{color:var(--accent)}.key .shared{color:color-mix(in oklab,var(--accent) 35%,var(--paper))}
.key .again,.key .rest{color:var(--risky)}.key .containers{color:var(--safe)}.key .orphaned{color:var(--check)}.key .cache{color:var(--unseen)}
.key b{color:var(--ink);font-weight:400}
pre{overflow-x:auto;padding:10px 14px;border:1px solid var(--line);border-radius:8px;background:var(--raised)}
`;

/** The report of `ddiff du` as one page with pictures; it needs no script and asks no network. */
export async function duHtml(report: DiskReport): Promise<string> {
  const { style } = await pageSource();
  const places = report.places.map((place, i) => placeSection(place, report.groups[i]));
  const body = [
    `<header><h1>${htmlText(duHeadline(report))}</h1></header>`,
    placesPicture(report.places),
    ...report.plans.slice(0, most.plans).map(planSection),
    ...places,
    report.contents === undefined ? "" : contentsSection(report.contents),
    report.notes.length === 0
      ? ""
      : `<section><h2>Notes</h2><ul>${report.notes.map((note) => `<li>${htmlText(note)}</li>`).join("")}</ul></section>`,
    "<footer>Made by <code>ddiff du</code>; 1 MB is 1,000,000 bytes.</footer>",
  ];
  return htmlDocument({
    title: "What images cost",
    style: style + barStyle,
    body: body.filter((one) => one !== "").join("\n"),
  });
}

function placesPicture(places: readonly PlaceAccount[]): string {
  const bars = places.map(
    ({ usage, purposes, bytes }): Bar => ({
      name: usage.label,
      size: formatBytes(bytes),
      parts: purposeWords.map(([kind, words]) => ({
        kind,
        bytes: purposes[kind],
        text: `${words}: ${formatBytes(purposes[kind])}`,
      })),
    }),
  );
  const used = purposeWords.filter(([kind]) => places.some(({ purposes }) => purposes[kind] > 0));
  return picture("What each place keeps", bars, used);
}

function placeSection(place: PlaceAccount, groups: readonly Group[] | undefined): string {
  const { usage } = place;
  const shares: [string, string][] = [
    ["unique", "no other needs it"],
    ["shared", "others need it too"],
  ];
  const bars = place.images.slice(0, most.bars).map(
    ({ image, bytes, unique, shared }): Bar => ({
      name: nameOf(image),
      size: formatBytes(bytes),
      parts: sharesOf(unique, shared),
    }),
  );
  const groupBars = (groups ?? []).slice(0, most.bars).map(
    ({ name, bytes, unique, shared }): Bar => ({
      name: name === "" ? "(not said)" : name,
      size: formatBytes(bytes),
      parts: sharesOf(unique, shared),
    }),
  );
  const folder = usage.folder === undefined ? "" : `, <code>${htmlText(usage.folder)}</code>`;
  return `<section><h2>${htmlText(usage.name)} (<code>${htmlText(usage.label)}</code>)</h2>
<p>${formatBytes(place.bytes)}, ${measureWords[usage.measure]}${folder}; ${plural(place.images.length, "image")}, ${formatBytes(place.shared)} of them shared.</p></section>
${picture("Images", bars, shares)}
${groupBars.length === 0 ? "" : picture("Together", groupBars, shares)}
${htmlTable("All images", false, ["size", "unique", "shared", "freed", "names", "used by"], 4, imageRows(place))}
${htmlTable("Containers", false, ["size", "orphaned", "state", "name", "of"], 2, containerRows(place))}
${htmlTable(
  "Could go at once",
  true,
  ["size", "what"],
  1,
  looseEnds(place).map(({ bytes, text }) => [formatBytes(bytes), htmlText(text)]),
)}`;
}

function sharesOf(unique: number, shared: number): Bar["parts"] {
  return [
    { kind: "unique", bytes: unique, text: `no other needs it: ${formatBytes(unique)}` },
    { kind: "shared", bytes: shared, text: `others need it too: ${formatBytes(shared)}` },
  ];
}

function imageRows({ images }: PlaceAccount): string[][] {
  return images
    .slice(0, most.images)
    .map(({ image, bytes, unique, shared, freed, containers }) => [
      ...[bytes, unique, shared, freed].map(formatBytes),
      htmlText(image.names.length === 0 ? `${nameOf(image)} (no name)` : image.names.join(", ")),
      htmlText(containers.map(({ name }) => name).join(", ")),
    ]);
}

function containerRows({ containers }: PlaceAccount): string[][] {
  return containers.map(({ container, bytes, orphaned }) => [
    formatBytes(bytes),
    formatBytes(orphaned),
    container.running ? "runs" : "stopped",
    htmlText(container.name),
    htmlText(container.image),
  ]);
}

function contentsSection({ sums, packages, copied }: Contents): string {
  const bars = packages.slice(0, most.bars).map(
    (one): Bar => ({
      name: packageWords(one),
      size: formatBytes(one.bytes),
      parts: [
        { kind: "once", bytes: one.distinct, text: `one copy: ${formatBytes(one.distinct)}` },
        {
          kind: "again",
          bytes: one.bytes - one.distinct,
          text: `stored again: ${formatBytes(one.bytes - one.distinct)}`,
        },
      ],
    }),
  );
  const rows = packages
    .slice(0, most.packages)
    .map((one) => [
      formatBytes(one.bytes),
      formatBytes(one.distinct),
      String(one.images),
      String(one.layers),
      htmlText(packageWords(one)),
    ]);
  const files = copied
    .slice(0, most.files)
    .map(({ path, bytes, copies }) => [
      formatBytes(bytes * copies),
      formatBytes(bytes),
      String(copies),
      `<code>/${htmlText(path)}</code>`,
    ]);
  return `<section><h2>What is stored several times</h2>
<p>Files in all stored layers: ${formatBytes(sums.bytes)}; each content once: ${formatBytes(sums.distinctBytes)} (bytes of files).</p></section>
${picture("Packages", bars, [
  ["once", "one copy"],
  ["again", "stored again"],
])}
${htmlTable("All packages that are stored several times", false, ["stored", "once", "images", "layers", "package"], 4, rows)}
${htmlTable("Large files that are stored several times", false, ["stored", "once", "copies", "path"], 3, files)}`;
}

function planSection(plan: BasePlan): string {
  const bars: Bar[] = [
    {
      name: "today",
      size: formatBytes(plan.stored),
      parts: [
        { kind: "once", bytes: plan.once, text: "one copy" },
        { kind: "again", bytes: plan.saved, text: "stored again" },
      ],
    },
    {
      name: "on the base",
      size: formatBytes(plan.once),
      parts: [{ kind: "once", bytes: plan.once, text: "one copy" }],
    },
  ];
  const lead = plan.base.isHere
    ? `<p><code>${htmlText(plan.base.name)}</code> is such a base.</p>`
    : `<p>In <code>base.yaml</code>, for <code>ddiff base build</code>:</p><pre>${plan.definition.map(htmlText).join("\n")}</pre>`;
  const rows = plan.images.map(({ image, bytes, dockerfile, steps }) => [
    formatBytes(bytes),
    htmlText(nameOf(image)),
    dockerfile.map((line) => `<code>${htmlText(line)}</code>`).join("<br>"),
    steps
      .map(
        ({ text, layer, packages }) =>
          `<code>${htmlText(text === "" ? `layer ${layer}` : text)}</code> without ${htmlText(packages.join(", "))}`,
      )
      .join("<br>"),
  ]);
  return `<section class="findings safe"><h2>${htmlText(planWords(plan))}</h2>
<p>${formatBytes(plan.stored)} would be ${formatBytes(plan.once)} in the base (bytes of files).</p></section>
${picture("", bars, [
  ["once", "one copy"],
  ["again", "stored again"],
])}
${lead}
${htmlTable("What changes in each Dockerfile", true, ["less", "image", "begins with", "leaves out"], 1, rows)}`;
}

/** Bars with a title and the meaning of their colours. */
function picture(title: string, bars: readonly Bar[], kinds: readonly (readonly [string, string])[]): string {
  const drawn = barPicture(title, bars);
  if (drawn === "") return "";
  const key = kinds.map(([kind, words]) => `<span class="${kind}"><b>${htmlText(words)}</b></span>`).join("");
  return `<section>${title === "" ? "" : `<h2>${htmlText(title)}</h2>`}<p class="key">${key}</p>${drawn}</section>`;
}
