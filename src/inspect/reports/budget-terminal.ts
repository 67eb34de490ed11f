import type { Ink } from "../../report/ink.ts";
import { section } from "../../report/section.ts";
import { printableLine } from "../../report/text.ts";
import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { BudgetedImage, BudgetReport } from "../budget/judge.ts";
import {
  brokenText,
  budgetedName,
  budgetHeadline,
  limitText,
  measureText,
  valueText,
} from "./budget-overview.ts";
import { cutOff, signedBytes, versionsText } from "./compare-overview.ts";
import { stepName } from "./overview.ts";

const colors = { ok: "green", soft: "yellow", hard: "red" } as const;
const mostPackages = 5;

/** What a person reads: each image with its limits, and what grew most. */
export function budgetTerminal(report: BudgetReport, ink: Ink): string {
  const headline = ink.paint("bold", ink.paint(colors[report.level], budgetHeadline(report)));
  const blocks = [
    headline,
    ...report.images.flatMap((image) => [limitsBlock(image, ink), grownBlock(image, ink)]),
    report.notes.map((note) => printableLine(note)).join("\n"),
  ];
  return blocks.filter((one) => one !== "").join("\n\n");
}

/** One line for each limit that is broken, and nothing else. */
export function budgetShort({ images }: BudgetReport): string {
  return images
    .flatMap((image) =>
      image.checks
        .filter(({ level }) => level !== "ok")
        .map((check) => printableLine(`${budgetedName(image)}: ${check.level}: ${brokenText(check)}`)),
    )
    .join("\n");
}

function limitsBlock(image: BudgetedImage, ink: Ink): string {
  const against = image.baseline === undefined ? "" : `, against ${image.baseline}`;
  const rows = image.checks.map((check) => [
    ink.paint(colors[check.level], check.level),
    printableLine(measureText(check)),
    valueText(check),
    check.before === undefined ? "" : formatBytes(check.before),
    limitText(check),
    check.level === "ok" || check.step?.line === undefined ? "" : printableLine(stepName(check.step, 0)),
  ]);
  const head = ["", "WHAT", "IS", "WAS", "LIMIT", "STEP"];
  return section(printableLine(budgetedName(image) + against), head, rows, [], ink);
}

function grownBlock({ packages, level }: BudgetedImage, ink: Ink): string {
  if (level === "ok") return "";
  const { shown, rest } = cutOff(
    packages.filter(({ bytes }) => bytes > 0),
    mostPackages,
  );
  const rows = shown.map((one) => [signedBytes(one.bytes), printableLine(versionsText(one))]);
  if (rest.count > 0) rows.push([signedBytes(rest.bytes), plural(rest.count, "smaller one")]);
  return section("Packages that grew most", ["MORE", "PACKAGE"], rows, [0], ink);
}
