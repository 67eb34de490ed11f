import { grouped, plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { BudgetCheck, BudgetedImage, BudgetReport } from "../budget/judge.ts";
import { signedBytes } from "./compare-overview.ts";

/** "2 hard limits and 1 soft one are broken", "2 images keep to their 7 limits". */
export function budgetHeadline({ images }: BudgetReport): string {
  const checks = images.flatMap((one) => one.checks);
  const [hard, soft] = (["hard", "soft"] as const).map((level) =>
    checks.filter((one) => one.level === level),
  );
  const [hards, softs] = [hard?.length ?? 0, soft?.length ?? 0];
  if (hards + softs === 0) {
    const whose = images.length === 1 ? "the image keeps to its" : `${images.length} images keep to their`;
    return `${whose} ${plural(checks.length, "limit")}`;
  }
  const parts = [
    ...(hards === 0 ? [] : [plural(hards, "hard limit")]),
    ...(softs === 0 ? [] : [hards === 0 ? plural(softs, "soft limit") : `${softs} soft`]),
  ];
  return `${parts.join(" and ")} ${hards + softs === 1 ? "is" : "are"} broken`;
}

/** Name and platform. */
export function budgetedName({ label, platform }: BudgetedImage): string {
  return `${label}, ${platform}`;
}

/** `compressed`, `class apt-lists`, `growth of compressed`. */
export function measureText({ measure, kind }: BudgetCheck): string {
  return kind === "growth" ? `growth of ${measure}` : measure;
}

/** `5.2 GB`; of growth `+52 MB (+1.2 %)`. */
export function valueText({ kind, value, before, soft, hard }: BudgetCheck): string {
  const isClose = [soft, hard].some(
    (limit) => limit !== undefined && limit < value && sameText(limit, value),
  );
  if (isClose) return `${grouped(value)} B`;
  if (kind === "limit") return formatBytes(value);
  if (before === undefined || before === 0 || value === 0) return signedBytes(value);
  const percent = (100 * Math.abs(value)) / before;
  return `${signedBytes(value)} (${value < 0 ? "−" : "+"}${percent.toFixed(percent < 10 ? 1 : 0)} %)`;
}

/** Whether two sizes cannot be told apart when they are written for a person. */
function sameText(one: number, other: number): boolean {
  return formatBytes(one) === formatBytes(other);
}

/** `4 GB soft, 5 GB hard`. */
export function limitText({ soft, hard }: BudgetCheck): string {
  return [
    ...(soft === undefined ? [] : [`${formatBytes(soft)} soft`]),
    ...(hard === undefined ? [] : [`${formatBytes(hard)} hard`]),
  ].join(", ");
}

/** "class apt-lists is 87 MB, over its hard limit of 0 B". */
export function brokenText(check: BudgetCheck): string {
  const limit = (check.level === "hard" ? check.hard : check.soft) ?? 0;
  return `${measureText(check)} is ${valueText(check)}, over its ${check.level} limit of ${formatBytes(limit)}`;
}
