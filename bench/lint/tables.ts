import type { Cost } from "../measure.ts";
import { type Outcome, rulesFor } from "./agreement.ts";
import { disagreements, notAdopted } from "./disagreements.ts";
import type { Examined, FixesOnCorpus, Spread } from "./real-files.ts";
import type { Speed } from "./speed.ts";

/** A Markdown table; a column of numbers by a heading that ends with `:`. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rule = head.map((cell) => (cell.endsWith(":") ? "---:" : "---"));
  return [line(head.map((cell) => cell.replace(/:$/, ""))), line(rule), ...rows.map(line)].join("\n");
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}

/** Agreement by id, and each disagreement with its reason. `what` the ids are, where they are none that a rule of ours stands for. */
export function agreementTables(outcomes: readonly Outcome[], what?: string): string[] {
  const ids = [...new Set(outcomes.map(({ id }) => id))].sort();
  const rows = ids.map((id) => {
    const cases = outcomes.filter((one) => one.id === id);
    const agree = cases.filter(({ agrees }) => agrees).length;
    const rules = rulesFor(id).map(({ name }) => `[${name}](rules/${name}.md)`);
    const numbers = [cases.length, agree, cases.length - agree];
    return what === undefined ? [id, rules.join(", "), ...numbers] : [id, ...numbers];
  });
  const apart = outcomes.filter(({ agrees }) => !agrees);
  const all = outcomes.length;
  return [
    `**${all - apart.length} of ${all} cases agree (${percent(all - apart.length, all)}).**`,
    table([...(what === undefined ? ["id", "our rule"] : [what]), "cases:", "agree:", "disagree:"], rows),
    ...(apart.length === 0
      ? []
      : [
          table(
            ["case", "id", "expected", "ours", "why"],
            apart.map(({ key, id, expected, found }) => [
              key,
              id,
              expected || "nothing",
              found || "nothing",
              disagreements[key] ?? "**open**",
            ]),
          ),
        ]),
  ];
}

/** The ids that have no rule of ours. */
export function notAdoptedTable(ids: readonly string[]): string {
  return table(
    ["id", "why not"],
    [...ids].sort().map((id) => [id, notAdopted[id] ?? "**open**"]),
  );
}

/** Findings per file, by group of the corpus. */
export function spreadTable(spreads: readonly (readonly [string, Spread])[]): string {
  return table(
    [
      "files",
      "number:",
      "findings:",
      "mean:",
      "median:",
      "most:",
      "files with more than 10:",
      "most reported:",
    ],
    spreads.map(([title, { files, findings, mean, median, most, overTen, mostReported }]) => [
      title,
      files,
      findings,
      mean.toFixed(1),
      median,
      most,
      percent(overTen, 1),
      mostReported,
    ]),
  );
}

/** How often each rule fires on real files. */
export function ruleTable(examined: readonly Examined[]): string {
  const counts = new Map<string, { group: string; findings: number; files: Set<string> }>();
  for (const { file, linted } of examined)
    for (const { rule } of linted.findings) {
      const one = counts.get(rule.name) ?? { group: rule.group, findings: 0, files: new Set<string>() };
      one.findings++;
      one.files.add(file.file);
      counts.set(rule.name, one);
    }
  return table(
    ["rule", "group", "findings:", "files:"],
    [...counts]
      .sort(([a, x], [b, y]) => y.files.size - x.files.size || (a < b ? -1 : 1))
      .map(([name, { group, findings, files }]) => [name, group, findings, files.size]),
  );
}

/** What fixes did. */
export function fixTable(rows: readonly (readonly [string, FixesOnCorpus])[]): string {
  return table(
    [
      "fixes",
      "files changed:",
      "findings mended:",
      "refused by BuildKit's parser:",
      "changed again by a second run:",
    ],
    rows.map(([title, { files, changed, mended, restless, refused }]) => [
      title,
      `${changed} of ${files}`,
      mended,
      refused === undefined ? "not asked" : refused.length,
      restless.length,
    ]),
  );
}

/** Wall and CPU of each linter. */
export function speedTable(speeds: readonly Speed[]): string {
  return table(
    ["linter", "1,000 files, wall:", "CPU:", "memory:", "one small file, wall:"],
    speeds.map(({ title, thousand, one }) => [title, ...costCells(thousand), costCells(one)[0] ?? ""]),
  );
}

function costCells(cost: Cost | string): string[] {
  return typeof cost === "string"
    ? [cost, "–", "–"]
    : [`${cost.wall.toFixed(2)} s`, `${cost.cpu.toFixed(2)} s`, `${Math.round(cost.rss / 1e6)} MB`];
}
