import { invalidConfig } from "../../config/find.ts";
import { meantHint, parseConfigPart } from "../../config/parse.ts";
import { parseSize } from "../../util/parse-size.ts";
import { linePrefix, type Origins } from "../../util/yaml-origins.ts";
import { classes } from "../classes/list.ts";
import { type BudgetConfig, budgetFileSchema, budgetJsonSchema, type LimitsConfig } from "./config-schema.ts";

/** An amount: bytes, or of growth a share of the baseline, 0.05 for 5 %. */
export type Amount = { bytes: number } | { share: number };

/** One limit of one image. */
export interface BudgetRule {
  /** What is measured: `compressed`, `waste`; of a class of files its name with `class` before it. */
  measure: string;
  /** Its value, or how much more it is than the baseline's. */
  kind: "limit" | "growth";
  soft: Amount | undefined;
  hard: Amount | undefined;
  /** Line of the setting, from 1; undefined where it is not known. */
  line: number | undefined;
}

/** The budget of a `.ddiff.yaml`. */
export interface Budget {
  /** Path of the file. */
  file: string;
  /** What an image is to keep to, and its baseline as it was written. */
  of(names: readonly string[]): { rules: BudgetRule[]; baseline: string | undefined };
}

/** Reads and checks the budget in the text of a `.ddiff.yaml`; undefined where it has none. Throws `CONFIG_INVALID`. */
export function readBudget(text: string, file: string): Budget | undefined {
  const { part, origins } = parseConfigPart(text, file, budgetFileSchema, budgetJsonSchema);
  const { budget } = part;
  if (budget === undefined) return undefined;
  const problems = unknownClasses(budget, origins);
  if (problems.length > 0) throw invalidConfig(file, problems);
  return { file, of: (names) => pick(budget, names, origins) };
}

/** Whether a name is what a pattern says; `*` fits any part of it. Takes time by the product of their lengths at most. */
export function fitsName(pattern: string, name: string): boolean {
  const [first = "", ...parts] = pattern.split("*");
  const last = parts.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

function pick(
  budget: BudgetConfig,
  names: readonly string[],
  origins: Origins,
): { rules: BudgetRule[]; baseline: string | undefined } {
  const rules = new Map<string, BudgetRule>();
  let { baseline } = budget;
  for (const { part, path } of partsOf(budget)) {
    if (part.name !== undefined && !names.some((name) => fitsName(part.name ?? "", name))) continue;
    baseline = part.baseline ?? baseline;
    for (const rule of rulesIn(part, path, origins)) rules.set(`${rule.kind} ${rule.measure}`, rule);
  }
  return { rules: [...rules.values()], baseline };
}

interface BudgetPart {
  name?: string;
  baseline?: string | undefined;
  limits?: LimitsConfig | undefined;
  growth?: LimitsConfig | undefined;
}

function partsOf(budget: BudgetConfig): { part: BudgetPart; path: string[] }[] {
  const { images, ...all } = budget;
  const own = images.map((part, at) => ({ part, path: ["budget", "images", String(at)] }));
  return [{ part: all, path: ["budget"] }, ...own];
}

function rulesIn({ limits, growth }: BudgetPart, path: readonly string[], origins: Origins): BudgetRule[] {
  return [
    ...rulesOf(limits ?? {}, "limit", [...path, "limits"], origins),
    ...rulesOf(growth ?? {}, "growth", [...path, "growth"], origins),
  ];
}

type LimitConfig = NonNullable<LimitsConfig["files"]>;

function rulesOf(
  { classes: byClass = {}, ...plain }: LimitsConfig,
  kind: BudgetRule["kind"],
  path: readonly string[],
  origins: Origins,
): BudgetRule[] {
  const rule = (measure: string, limit: LimitConfig, at: readonly string[]): BudgetRule => ({
    measure,
    kind,
    ...amounts(limit),
    line: origins.get(at.join("\n")),
  });
  return [
    ...Object.entries(plain).flatMap(([measure, limit]) =>
      limit === undefined ? [] : rule(measure, limit, [...path, measure]),
    ),
    ...Object.entries(byClass).map(([name, limit]) =>
      rule(`class ${name}`, limit, [...path, "classes", name]),
    ),
  ];
}

/** An amount alone is hard. */
function amounts(limit: LimitConfig): Pick<BudgetRule, "soft" | "hard"> {
  if (typeof limit !== "object") return { soft: undefined, hard: amountOf(limit) };
  const { soft, hard } = limit;
  return {
    soft: soft === undefined ? undefined : amountOf(soft),
    hard: hard === undefined ? undefined : amountOf(hard),
  };
}

function amountOf(written: number | string): Amount {
  if (typeof written === "number") return { bytes: written };
  const share = /^([\d.]+)\s*%$/.exec(written)?.[1];
  if (share !== undefined) return { share: Number(share) / 100 };
  return { bytes: /^0+(?:\.0+)?\s*[a-z]*$/i.test(written) ? 0 : parseSize(written, "a limit") };
}

function unknownClasses(budget: BudgetConfig, origins: Origins): string[] {
  return partsOf(budget).flatMap(({ part, path }) =>
    (["limits", "growth"] as const).flatMap((kind) =>
      Object.keys(part[kind]?.classes ?? {})
        .filter((name) => !classes.has(name))
        .map((name) => {
          const line = linePrefix([...path, kind, "classes", name], origins);
          return `${line}there is no class ${JSON.stringify(name)}${meantHint(name, [...classes.keys()])}`;
        }),
    ),
  );
}
