import { mostOfFile } from "./most-telling.ts";
import type { LoadedConfig } from "./config.ts";
import { type Level, levels } from "./finding.ts";
import { makeGlobs } from "./globs.ts";
import type { FileKind } from "./kinds.ts";
import type { Rule, RuleInfo, RuleOptions, Severity, Target } from "./rule.ts";
import { rules } from "./rules.ts";
import { allRules, selectRules } from "./selectors.ts";

/** What the command line says about rules; it goes before the configuration. */
export interface Wishes {
  /** Only these rules, by name, id or group; they run also where they are off. */
  readonly only: readonly string[];
  readonly profile: "default" | "strict" | undefined;
  readonly failOn: Level | undefined;
  readonly shellcheck: boolean;
  /** Report every finding, also where a file has many. */
  readonly all: boolean;
  /** Of `--gpu` and `--driver`: each part goes before the configuration's. */
  readonly target: Partial<Target>;
}

/** What holds for one file. */
export interface Settings {
  /** The rules that run over files of a kind, with the severity of their findings. */
  readonly rules: Readonly<Record<FileKind, readonly (readonly [Rule, Level])[]>>;
  /** The severity of any rule, also of the engine's own. */
  severity(rule: RuleInfo): Severity;
  /** Severities of ShellCheck's codes, upper case. */
  readonly codes: ReadonlyMap<string, Severity>;
  readonly failOn: Level;
  readonly requireReason: boolean;
  /** How many findings of a file are reported. */
  readonly most: number;
  readonly shellcheck: boolean;
  readonly target: Target;
  readonly options: RuleOptions;
}

/** Works out what holds for each file. Kept, because most files share it. */
export interface SettingsBook {
  of(path: string, config: LoadedConfig | undefined): Settings;
}

/** `targetOf` reads the names of GPUs in a configuration. It throws where it does not know one. */
export function openSettings(
  wishes: Wishes,
  targetOf: (gpus: readonly string[], driver: string | undefined, where: string) => Target,
): SettingsBook {
  const kept = new Map<string, Settings>();
  const matchers = new Map<string, ((path: string) => boolean)[]>();
  return {
    of(path, config) {
      let key = "";
      let overrides: readonly Readonly<Record<string, Severity>>[] = [];
      if (config !== undefined) {
        let fits = matchers.get(config.file);
        if (fits === undefined) {
          fits = config.lint.overrides.map((one) => makeGlobs(one.paths));
          matchers.set(config.file, fits);
        }
        const inside = config.inside(path);
        const chosen = fits.flatMap((fit, at) => (fit(inside) ? [at] : []));
        overrides = chosen.map((at) => config.lint.overrides[at]?.rules ?? {});
        key = `${config.file}\n${chosen.join(",")}`;
      }
      let settings = kept.get(key);
      if (settings === undefined) {
        settings = settle(wishes, config, overrides, targetOf);
        kept.set(key, settings);
      }
      return settings;
    },
  };
}

function settle(
  wishes: Wishes,
  config: LoadedConfig | undefined,
  overrides: readonly Readonly<Record<string, Severity>>[],
  targetOf: (gpus: readonly string[], driver: string | undefined, where: string) => Target,
): Settings {
  const lint = config?.lint;
  const strict = (wishes.profile ?? lint?.profile) === "strict";
  const severities = new Map<string, Severity>(
    allRules.map((rule) => [rule.name, strict && rule.severity === "off" ? "info" : rule.severity]),
  );
  const codes = new Map<string, Severity>();
  for (const wanted of [lint?.rules ?? {}, ...overrides]) apply(wanted, severities, codes);
  if (wishes.only.length > 0) keepOnly(wishes.only, severities, codes);
  const gpus = [lint?.target.gpu ?? []].flat();
  const driver = lint?.target.driver;
  const target =
    config === undefined || (gpus.length === 0 && driver === undefined)
      ? noTarget
      : targetOf(gpus, driver === undefined ? undefined : String(driver), config.file);
  const severity = (rule: RuleInfo): Severity => severities.get(rule.name) ?? rule.severity;
  const byKind = { dockerfile: [], compose: [], ignore: [] } as Record<FileKind, [Rule, Level][]>;
  for (const rule of rules) {
    const level = severity(rule);
    if (level !== "off") byKind[rule.kind].push([rule, level]);
  }
  return {
    rules: byKind,
    severity,
    codes,
    failOn: wishes.failOn ?? lint?.["fail-on"] ?? "warning",
    most: strict || wishes.all || wishes.only.length > 0 ? Number.POSITIVE_INFINITY : mostOfFile,
    requireReason: lint?.["require-reason"] ?? false,
    shellcheck: wishes.shellcheck || (lint?.shellcheck ?? false),
    target: { gpus: wishes.target.gpus ?? target.gpus, driver: wishes.target.driver ?? target.driver },
    options: {
      allowedRegistries: lint?.["allowed-registries"],
      labels: lint?.labels === undefined ? undefined : new Map(Object.entries(lint.labels)),
      strictLabels: lint?.["strict-labels"] ?? false,
    },
  };
}

const noTarget: Target = { gpus: [], driver: undefined };

/** In one list of wishes a rule's name counts more than an id of it, and this more than its group. */
function apply(
  wanted: Readonly<Record<string, Severity>>,
  severities: Map<string, Severity>,
  codes: Map<string, Severity>,
): void {
  const ranked = Object.entries(wanted)
    .map(([word, severity]) => ({ word, severity, ...selectRules(word) }))
    .sort((a, b) => a.rank - b.rank);
  for (const { word, severity, rules: named } of ranked) {
    if (named.length === 0) codes.set(word.toUpperCase(), severity);
    for (const rule of named) severities.set(rule.name, severity);
  }
}

function keepOnly(
  only: readonly string[],
  severities: Map<string, Severity>,
  codes: Map<string, Severity>,
): void {
  const wanted = new Set(only.flatMap((word) => selectRules(word).rules.map((rule) => rule.name)));
  for (const word of only) if (selectRules(word).rules.length === 0) wanted.add("shellcheck");
  const always = new Set(["syntax-error", "unreadable-file", "internal-error"]);
  for (const [name, severity] of severities) {
    if (wanted.has(name)) severities.set(name, severity === "off" ? "info" : severity);
    else if (!always.has(name)) severities.set(name, "off");
  }
  const exact = only.map((word) => word.toUpperCase()).filter((word) => /^SC\d{4}$/.test(word));
  // A code that was asked for is told alone, without all else that ShellCheck says.
  if (exact.length > 0 && !only.includes("shellcheck")) {
    codes.set("*", "off");
    for (const code of exact) codes.set(code, "warning");
  }
}

/** The severity to report with, undefined for none. */
export function levelOf(severity: Severity | undefined): Level | undefined {
  return levels.find((level) => level === severity);
}
