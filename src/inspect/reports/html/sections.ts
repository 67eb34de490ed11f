import { escapeHtml } from "../../../report/markdown.ts";
import { codeSpans, printableLine } from "../../../report/text.ts";
import { grouped, plural } from "../../../report/words.ts";
import { formatBytes } from "../../../util/bytes.ts";
import type { Analysis, Risk, WasteFinding } from "../../analysis.ts";
import { htmlTable, htmlText } from "./table.ts";
import { largest, packageHome, packageName, risks, savingsOf, stepName, stepToEdit } from "../overview.ts";

const most = { findings: 60, open: 6, packages: 40, copies: 30, paths: 5, word: 50 };
const riskTitles = {
  safe: ["could go safely", "Nothing can need these bytes."],
  check: [
    "could go with a check",
    "Hardly anything needs them; <code>ddiff check</code> before and after tells.",
  ],
  risky: ["could go at a risk", "Something may need them that no check sees."],
} as const;

/** The page below the map: findings with their edits, and tables that need no script. */
export function sections(analysis: Analysis): string {
  return [
    findings(analysis),
    htmlTable("Layers", true, ["#", "packed", "files", "unseen", "step"], 4, layerRows(analysis)),
    htmlTable("Packages", false, ["size", "files", "package", "of"], 2, packageRows(analysis)),
    htmlTable("Classes of files", false, ["size", "files", "risk", "class", ""], 2, classRows(analysis)),
    htmlTable(
      "Several times in the image",
      false,
      ["size", "what", "package", "path"],
      1,
      copyRows(analysis),
    ),
    htmlTable("Programs", false, ["name", "version", "path"], 0, programRows(analysis)),
  ]
    .filter((one) => one !== "")
    .join("\n");
}

function findings(analysis: Analysis): string {
  const savings = savingsOf(analysis.findings);
  return risks
    .filter((risk) => savings[risk] > 0)
    .map((risk) => {
      const [title, meaning] = riskTitles[risk];
      return `<section class="findings ${risk}"><h2>${formatBytes(savings[risk])} ${title}</h2><p>${meaning}</p>
${findingsOf(risk, analysis)}</section>`;
    })
    .join("\n");
}

/** The findings of a risk: some to be seen at once, others behind a click, and the sum of those that are left. */
function findingsOf(risk: Risk, analysis: Analysis): string {
  const all = analysis.findings.filter((one) => one.risk === risk);
  const { shown, rest } = largest(all, most.findings);
  const cards = (some: readonly WasteFinding[]): string =>
    `<ol>${some.map((one) => `<li>${finding(one, analysis)}</li>`).join("\n")}</ol>`;
  const first = cards(shown.slice(0, most.open));
  if (all.length <= most.open) return first;
  const others = largest(all, most.open).rest;
  const left =
    rest.count === 0 ? "" : `<p>${plural(rest.count, "smaller finding")}, ${formatBytes(rest.bytes)}.</p>`;
  return `${first}
<details><summary>${plural(others.count, "smaller finding")}, ${formatBytes(others.bytes)}</summary>${cards(shown.slice(most.open))}${left}</details>`;
}

function finding(one: WasteFinding, analysis: Analysis): string {
  const step = stepToEdit(analysis, one);
  const command = step === undefined || step.text === "" ? "" : ` <code>${htmlText(step.text)}</code>`;
  const paths = one.entries
    .map(({ entry, content }) => ({ path: entry.path, bytes: content.size }))
    .sort((a, b) => b.bytes - a.bytes);
  const listed = paths
    .slice(0, most.paths)
    .map(({ path, bytes }) => `<li><code>/${htmlText(path)}</code> ${formatBytes(bytes)}</li>`);
  if (paths.length > most.paths) listed.push(`<li>${plural(paths.length - most.paths, "other file")}</li>`);
  return `<h3><b>${formatBytes(one.bytes)}</b> ${htmlText(one.title)}</h3>
<p class="step">${htmlText(stepName(step, one.layer))}${command}</p>
<p>${prose(one.why)}</p>
<p class="edit">${prose(one.edit)}</p>
<details><summary>${plural(one.files, "file")}</summary><ul>${listed.join("")}</ul></details>`;
}

function layerRows({ layers }: Analysis): string[][] {
  return layers.map((one) => [
    String(one.number),
    formatBytes(one.packed),
    formatBytes(one.visible + one.hidden),
    one.hidden === 0 ? "" : formatBytes(one.hidden),
    `${one.step.line === undefined ? "" : `<b>${htmlText(stepName(one.step, one.number))}</b> `}<code>${htmlText(one.step.text)}</code>`,
  ]);
}

function packageRows({ packages }: Analysis): string[][] {
  const { shown, rest } = largest(packages, most.packages);
  const rows = shown.map((one) => [
    formatBytes(one.bytes),
    grouped(one.files),
    htmlText(packageName(one)),
    htmlText(packageHome(one)),
  ]);
  if (rest.count > 0)
    rows.push([formatBytes(rest.bytes), grouped(rest.files), plural(rest.count, "smaller package"), ""]);
  return rows;
}

function classRows({ classes }: Analysis): string[][] {
  return classes.map((one) => [
    formatBytes(one.bytes),
    grouped(one.files),
    `<span class="pill ${one.risk}">${one.risk}</span>`,
    `<code>${htmlText(one.name)}</code>`,
    htmlText(one.title),
  ]);
}

function copyRows({ copies }: Analysis): string[][] {
  return copies
    .slice(0, most.copies)
    .flatMap(({ name, copies: each }) =>
      each.map((one, i) => [
        formatBytes(one.bytes),
        i === 0 ? htmlText(name) : "",
        one.package === undefined ? "" : htmlText(packageName(one.package)),
        `<code>/${htmlText(one.path)}</code>`,
      ]),
    );
}

function programRows({ programs }: Analysis): string[][] {
  return programs.map((one) => [
    htmlText(one.name),
    htmlText(one.version),
    `<code>/${htmlText(one.path)}</code>`,
  ]);
}

/** A sentence with code between backticks. */
function prose(value: string): string {
  return codeSpans(printableLine(value))
    .map((part) => (part.code ? `<code>${codeWords(part.text)}</code>` : escapeHtml(part.text)))
    .join("");
}

/** An option is torn at its hyphens if nothing holds it together. */
function codeWords(code: string): string {
  return code
    .split(" ")
    .map((word) => {
      const safe = escapeHtml(word);
      return word.includes("-") && word.length <= most.word ? `<span class="word">${safe}</span>` : safe;
    })
    .join(" ");
}
