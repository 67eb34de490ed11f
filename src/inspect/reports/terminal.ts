import type { Ink } from "../../report/ink.ts";
import { cutLine, section, sectionTitle } from "../../report/section.ts";
import { printableLine, wrap } from "../../report/text.ts";
import { grouped, plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Analysis, Share, WasteFinding } from "../analysis.ts";
import {
  headline,
  largest,
  packageHome,
  packageName,
  savingsOf,
  sizesLine,
  stepName,
  stepToEdit,
  surestFirst,
} from "./overview.ts";
import { folderTree } from "./tree.ts";

const colors = { safe: "green", check: "yellow", risky: "red" } as const;
/** Rows of a section; a screen has few. */
const room = { safe: 5, check: 3, risky: 2 };
const most = { packages: 15, classes: 12, copies: 6 };

/** What a person reads: what could go first, then where the bytes are. `tree` adds the largest folders. */
export function terminalReport(analysis: Analysis, ink: Ink, tree = false): string {
  const { image } = analysis;
  const color = savingsOf(analysis.findings).safe > 0 ? "green" : "bold";
  const blocks = [
    `${ink.paint("bold", ink.paint(color, headline(analysis)))}\n${printableLine(image.name)}, ${image.platform}: ${sizesLine(analysis)}`,
    findingsBlock(analysis, ink),
    layersBlock(analysis, ink),
    tree ? treeBlock(analysis, ink) : "",
    section("Packages", ["SIZE", "FILES", "PACKAGE", "OF"], packageRows(analysis), [0, 1], ink),
    section("Classes", ["SIZE", "FILES", "RISK", "CLASS", ""], classRows(analysis, ink), [0, 1], ink),
    section("Several times", ["SIZE", "WHAT", "PACKAGE", "PATH"], copyRows(analysis), [0], ink),
    section("Programs", ["NAME", "VERSION", "PATH"], programRows(analysis), [], ink),
  ];
  return blocks.filter((one) => one !== "").join("\n\n");
}

/** One line for each finding and nothing else: bytes, risk, place, what it is. */
export function shortReport(analysis: Analysis): string {
  return analysis.findings
    .map((one) => {
      const place = stepName(stepToEdit(analysis, one), one.layer);
      const name = one.name === "" ? one.kind : `${one.kind} ${one.name}`;
      return printableLine(`${one.bytes} ${one.risk} ${place}: ${one.title} [${name}]`);
    })
    .join("\n");
}

function findingsBlock(analysis: Analysis, ink: Ink): string {
  const { shown, rest } = surestFirst(analysis.findings, room);
  if (shown.length === 0) return "";
  const width = Math.max(...shown.map((one) => formatBytes(one.bytes).length));
  const texts = shown.map((one) => findingText(one, analysis, width, ink));
  if (rest.count > 0)
    texts.push(
      `  ${plural(rest.count, "smaller finding")}, ${formatBytes(rest.bytes)}; --format html shows them`,
    );
  return [sectionTitle("What could go", ink), ...texts].join("\n");
}

function findingText(finding: WasteFinding, analysis: Analysis, width: number, ink: Ink): string {
  const step = stepToEdit(analysis, finding);
  const indent = " ".repeat(width + 4);
  const size = formatBytes(finding.bytes).padStart(width);
  const head = `  ${ink.paint("bold", size)}  ${ink.paint(colors[finding.risk], finding.risk.padEnd(5))}  ${printableLine(finding.title)}`;
  const place = printableLine(stepName(step, finding.layer));
  const lines = [head];
  if (step !== undefined && step.text !== "")
    lines.push(ink.paint("dim", cutLine(`${indent}${place}  ${printableLine(step.text)}`, ink)));
  else lines.push(ink.paint("dim", `${indent}${place}`));
  lines.push(wrap(ink.printable(finding.edit), ink.width, indent));
  return lines.join("\n");
}

function treeBlock({ files }: Analysis, ink: Ink): string {
  const lines = folderTree(files, ink).split("\n");
  return [sectionTitle("Folders", ink), ...lines.map((line) => cutLine(line, ink))].join("\n");
}

function layersBlock({ layers }: Analysis, ink: Ink): string {
  const lines = layers.some(({ step }) => step.line !== undefined);
  const rows = layers.map((one) => [
    String(one.number),
    formatBytes(one.packed),
    formatBytes(one.visible + one.hidden),
    one.hidden === 0 ? "" : formatBytes(one.hidden),
    ...(lines ? [String(one.step.line ?? "")] : []),
    printableLine(one.step.text),
  ]);
  const head = ["#", "PACKED", "FILES", "UNSEEN", ...(lines ? ["LINE"] : []), "STEP"];
  return section("Layers", head, rows, [0, 1, 2, 3, ...(lines ? [4] : [])], ink);
}

function packageRows({ packages }: Analysis): string[][] {
  const { shown, rest } = largest(packages, most.packages);
  const rows = shown.map((one) => [
    ...numbers(one),
    printableLine(packageName(one)),
    printableLine(packageHome(one)),
  ]);
  return withRest(rows, rest, [plural(rest.count, "smaller package")]);
}

function classRows({ classes }: Analysis, ink: Ink): string[][] {
  const { shown, rest } = largest(classes, most.classes);
  const rows = shown.map((one) => [
    ...numbers(one),
    ink.paint(colors[one.risk], one.risk),
    printableLine(one.name),
    printableLine(one.title),
  ]);
  return withRest(rows, rest, ["", plural(rest.count, "smaller kind")]);
}

function copyRows({ copies }: Analysis): string[][] {
  return copies
    .slice(0, most.copies)
    .flatMap(({ name, copies: each }) =>
      each.map((one, i) => [
        formatBytes(one.bytes),
        i === 0 ? printableLine(name) : "",
        one.package === undefined ? "" : printableLine(packageName(one.package)),
        printableLine(`/${one.path}`),
      ]),
    );
}

function programRows({ programs }: Analysis): string[][] {
  return programs.map((one) => [one.name, one.version, `/${one.path}`].map(printableLine));
}

function numbers({ bytes, files }: Share): string[] {
  return [formatBytes(bytes), grouped(files)];
}

function withRest(rows: string[][], rest: Share & { count: number }, words: string[]): string[][] {
  return rest.count === 0 ? rows : [...rows, [...numbers(rest), ...words]];
}
