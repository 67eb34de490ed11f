import { DdiffError } from "../../util/errors.ts";
import { type PackageChange, packageChanges } from "../compare/changes.ts";
import type { AnalysisJson } from "../reports/json-schema.ts";
import type { Baseline } from "./baseline.ts";
import { type Measures, measureOf, measuresOf, type ReportedStep, stepBehind } from "./measures.ts";
import type { Amount, BudgetRule } from "./rules.ts";

/** How bad it is. */
export type Level = "ok" | "soft" | "hard";

/** One limit and what it came to. Bytes; of growth all of them are more than the baseline. */
export interface BudgetCheck {
  measure: string;
  kind: BudgetRule["kind"];
  level: Level;
  value: number;
  soft?: number;
  hard?: number;
  /** Of growth: the baseline's. */
  before?: number;
  /** Line of the limit in the configuration. */
  line?: number;
  /** The step that has most to do with it. */
  step?: ReportedStep;
}

/** One image and its limits. */
export interface BudgetedImage {
  label: string;
  platform: string;
  /** What growth was measured against, as it was named. */
  baseline?: string;
  level: Level;
  checks: BudgetCheck[];
  /** Against the baseline, the largest change first. */
  packages: PackageChange[];
}

/** What became of a budget. */
export interface BudgetReport {
  version: 1;
  level: Level;
  /** Path of the configuration with the limits. */
  config?: string;
  images: BudgetedImage[];
  /** What could not be judged, and why. */
  notes: string[];
}

/** An image that is to keep to its limits. */
export interface ImageToJudge {
  label: string;
  report: AnalysisJson;
  rules: readonly BudgetRule[];
  baseline: Baseline | undefined;
}

const levels: readonly Level[] = ["ok", "soft", "hard"];

/** The worst of some levels. */
export function worstOf(found: readonly Level[]): Level {
  return levels.findLast((level) => found.includes(level)) ?? "ok";
}

/** Whether a level is as bad as another one, or worse. */
export function isAsBad(level: Level, as: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(as);
}

/** Judges an image. Growth is left out where there is no baseline. Throws `SIZE_UNKNOWN` where a limit is about a size that the place does not tell. */
export function judgeImage(image: ImageToJudge): { judged: BudgetedImage; notes: string[] } {
  const { label, report, baseline } = image;
  const measures = measuresOf(report);
  const notes: string[] = [];
  const checks = image.rules.flatMap((rule) => {
    const value = measureOf(measures, rule.measure) ?? refuseUnpacked(label, rule);
    const found =
      rule.kind === "limit" ? checkValue(rule, value) : checkGrowth(rule, value, baseline?.measures);
    if (found === undefined && baseline !== undefined)
      notes.push(`${baseline.label} does not tell its ${rule.measure} size: its growth is not judged`);
    if (found === undefined) return [];
    const step = stepBehind(report, rule.measure);
    return {
      ...found,
      ...(rule.line === undefined ? {} : { line: rule.line }),
      ...(step === undefined ? {} : { step }),
    };
  });
  const judged: BudgetedImage = {
    label,
    platform: report.image.platform,
    ...(baseline === undefined ? {} : { baseline: baseline.label }),
    level: worstOf(checks.map(({ level }) => level)),
    checks,
    packages: baseline === undefined ? [] : packageChanges(baseline, report),
  };
  return { judged, notes };
}

type Found = Omit<BudgetCheck, "line" | "step">;

function checkValue({ measure, kind, soft, hard }: BudgetRule, value: number): Found {
  return { measure, kind, value, ...levelOf(value, bytesOf(soft, 0), bytesOf(hard, 0)) };
}

function checkGrowth(
  { measure, kind, soft, hard }: BudgetRule,
  value: number,
  baseline: Measures | undefined,
): Found | undefined {
  const before = baseline === undefined ? undefined : measureOf(baseline, measure);
  if (before === undefined) return undefined;
  const growth = value - before;
  return {
    measure,
    kind,
    value: growth,
    before,
    ...levelOf(growth, bytesOf(soft, before), bytesOf(hard, before)),
  };
}

function bytesOf(amount: Amount | undefined, before: number): number | undefined {
  if (amount === undefined) return undefined;
  return "bytes" in amount ? amount.bytes : Math.floor(amount.share * before);
}

function levelOf(
  value: number,
  soft: number | undefined,
  hard: number | undefined,
): Pick<BudgetCheck, "level" | "soft" | "hard"> {
  const level =
    hard !== undefined && value > hard ? "hard" : soft !== undefined && value > soft ? "soft" : "ok";
  return { level, ...(soft === undefined ? {} : { soft }), ...(hard === undefined ? {} : { hard }) };
}

function refuseUnpacked(label: string, { measure }: BudgetRule): never {
  throw new DdiffError(
    "SIZE_UNKNOWN",
    `${label} lies where layers are kept unpacked: its ${measure} size is not known`,
    {
      hint: "Check it in a registry or an archive, or limit the uncompressed size.",
    },
  );
}
