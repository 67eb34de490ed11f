import { fitting, foldedTable, lineCode, lineText, tableText } from "../../report/markdown.ts";
import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { BudgetedImage, BudgetReport } from "../budget/judge.ts";
import { budgetHeadline, limitText, measureText, valueText } from "./budget-overview.ts";
import { cutOff, signedBytes, versionsText } from "./compare-overview.ts";
import { packageHome, stepName } from "./overview.ts";

const icons = { ok: "🟢", soft: "🟡", hard: "🔴" } as const;
const mostPackages = 30;

/** A comment for a pull request: each image with its limits, the packages that changed folded. */
export function budgetMarkdown(report: BudgetReport): string {
  return fitting([
    `### ${icons[report.level]} ${lineText(budgetHeadline(report))}`,
    ...report.images.flatMap((image) => [title(image), limits(image), packages(image)]),
    ...report.notes.map((note) => lineText(note)),
  ]);
}

function title({ label, platform, baseline }: BudgetedImage): string {
  const against = baseline === undefined ? "" : `, against ${lineCode(baseline)}`;
  return `${lineCode(label)}, ${lineText(platform)}${against}`;
}

function limits({ checks }: BudgetedImage): string {
  if (checks.length === 0) return "";
  const rows = checks.map((check) => [
    check.before === undefined ? "" : formatBytes(check.before),
    valueText(check),
    limitText(check),
    `${icons[check.level]} ${lineText(measureText(check))}`,
    check.step?.line === undefined ? "" : lineCode(stepName(check.step, 0)),
  ]);
  return tableText(["was", "is", "limit", "what", "step"], 3, rows);
}

function packages(image: BudgetedImage): string {
  const { shown, rest } = cutOff(image.packages, mostPackages);
  const rows = shown.map((one) => [
    signedBytes(one.bytes),
    lineText(versionsText(one)),
    lineText(packageHome({ ...one, version: "" })),
  ]);
  if (rest.count > 0) rows.push([signedBytes(rest.bytes), plural(rest.count, "smaller change"), ""]);
  return foldedTable("Packages that came, went and changed", ["change", "package", "of"], 1, rows);
}
