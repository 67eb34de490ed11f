import { dirname, resolve } from "node:path";
import { DdiffError } from "../util/errors.ts";
import { nearest } from "../util/nearest.ts";
import { type Baseline, readBaseline } from "./baseline.ts";
import { openContexts } from "./build-context.ts";
import { type Checked, checkFile, type OutsideReport } from "./check-file.ts";
import { type LoadedConfig, openConfigs } from "./config.ts";
import { shellcheck, syntaxError, unreadableFile } from "./engine-rules.ts";
import { findFiles, type FoundFile } from "./find-files.ts";
import { type Finding, type IgnoredFinding, isAtLeast } from "./finding.ts";
import { type Document, type FileKind, kindOf } from "./kinds.ts";
import { mostTelling } from "./most-telling.ts";
import { loadReaders, type ReadDocument } from "./read-document.ts";
import { decodeText, tryReadText } from "./read-text.ts";
import type { LintContext, RuleInfo } from "./rule.ts";
import { isRuleSelector, selectorNames } from "./selectors.ts";
import { levelOf, openSettings, type Settings, type Wishes } from "./settings.ts";
import { readTarget } from "./target.ts";
import { makeContextFinder } from "./which-context.ts";

/** One run. */
export interface LintOptions extends Wishes {
  /** Files and folders. */
  readonly paths: readonly string[];
  /** Where relative paths start. */
  readonly cwd: string;
  /** `--config`. */
  readonly config: string | undefined;
  /** `--context`: the folder that all the Dockerfiles are built with. */
  readonly context: string | undefined;
  /** What came on standard input, instead of the paths. */
  readonly stdin: { readonly bytes: Buffer; readonly name: string } | undefined;
  /** The file of `--baseline`; `false` for none, also where the configuration names one. */
  readonly baseline: string | false | undefined;
  /** Milliseconds since 1970. */
  readonly today: number;
}

/** A file that was looked at. */
export interface LintedFile extends FoundFile, Checked {
  /** Those of the findings that are reported: of many, the ones that tell most. */
  readonly shown: readonly Finding[];
  /** As it was checked; empty where it could not be read. */
  readonly text: string;
  /** As it is on the disk. */
  readonly bytes: Buffer;
  readonly kind: FileKind | undefined;
  readonly settings: Settings;
  /** Checks a changed text of this file in the same way, for fixes; undefined for a file that could not be read. */
  readonly recheck: ((text: string) => Checked) | undefined;
}

/** What a run found. */
export interface LintResult {
  readonly files: readonly LintedFile[];
  /** Those that are reported, in the order of files and places. */
  readonly findings: readonly Finding[];
  /** How many more there are in files with many. */
  readonly held: number;
  readonly ignored: readonly IgnoredFinding[];
  /** Whether a finding is bad enough to fail. */
  readonly failed: boolean;
  /** What else a person should know: sentences without a full stop. */
  readonly notes: readonly string[];
}

/**
 * Finds, reads and checks files. What is wrong with a file is a finding and hides nothing. Throws `CONFIG_INVALID`, `RULE_UNKNOWN`,
 * `GPU_UNKNOWN`, `DRIVER_INVALID`, `BASELINE_INVALID`, `SHELLCHECK_FAILED`.
 */
export async function lint(options: LintOptions): Promise<LintResult> {
  checkNames(options.only);
  const configs = openConfigs(options.config, options.cwd);
  const book = openSettings(options, readTarget);
  const { stdin } = options;
  const found =
    stdin === undefined
      ? await findFiles(options.paths, options.cwd, configs)
      : [{ path: stdin.name, absolute: resolve(options.cwd, stdin.name) }];
  const opened: Opened[] = [];
  for (const file of found) {
    const config = await configs.of(dirname(file.absolute));
    const settings = book.of(file.absolute, config);
    const read = stdin === undefined ? tryReadText(file.absolute) : decodeText(stdin.bytes);
    if ("problem" in read) opened.push({ ...file, config, settings, problem: read.problem });
    else opened.push({ ...file, config, settings, ...read, kind: kindOf(file.path, read.text) });
  }
  const readers = await loadReaders(opened.flatMap((one) => ("kind" in one ? [one.kind] : [])));
  const checks = await makeChecks(options, readers);
  const outside = await askShellcheck(opened, readers);
  const files: LintedFile[] = [];
  for (const one of opened) files.push(await checks.file(one, outside.reports.get(one)));
  const findings = files.flatMap((file) => file.shown);
  return {
    files,
    findings,
    held: files.reduce((sum, file) => sum + file.findings.length - file.shown.length, 0),
    ignored: files.flatMap((file) => file.ignored),
    failed: files.some((file) =>
      file.findings.some((finding) => isAtLeast(finding.severity, file.settings.failOn)),
    ),
    notes: outside.notes,
  };
}

/** Has ShellCheck look at the scripts of all Dockerfiles for which that is wanted, together. */
async function askShellcheck(
  opened: readonly Opened[],
  read: ReadDocument,
): Promise<{ reports: Map<Opened, readonly OutsideReport[]>; notes: string[] }> {
  const reports = new Map<Opened, readonly OutsideReport[]>();
  const wanted = opened.flatMap((one) => {
    if ("problem" in one || !one.settings.shellcheck) return [];
    if (one.settings.severity(shellcheck) === "off") return [];
    const document = read(one.text, one.kind);
    return document.kind === "dockerfile" ? [{ one, document }] : [];
  });
  if (wanted.length === 0) return { reports, notes: [] };
  const { runShellcheck } = await import("./shellcheck.ts");
  const said = await runShellcheck(wanted.map(({ document }) => document));
  if (said === undefined)
    return { reports, notes: ["ShellCheck is not installed: its findings are missing"] };
  for (const [at, { one }] of wanted.entries()) reports.set(one, said[at] ?? []);
  return { reports, notes: [] };
}

/** A file before it is checked: its text and what it is, or why there is none. */
export type Opened = FoundFile & { config: LoadedConfig | undefined; settings: Settings } & (
    | { problem: string }
    | { text: string; bytes: Buffer; kind: FileKind }
  );

/**
 * Makes what checks files one by one. Everything around them is read when it is first asked for, and kept: a checker that is to see what changed on
 * the disk is made anew. Throws `CONTEXT_MISSING`; `file` throws `BASELINE_INVALID`.
 */
export async function makeChecks(
  options: LintOptions,
  read: ReadDocument,
): Promise<{ file(one: Opened, outside: readonly OutsideReport[] | undefined): Promise<LintedFile> }> {
  const open = openContexts();
  const finder = makeContextFinder(open);
  const given = options.context === undefined ? undefined : open(resolve(options.cwd, options.context));
  if (options.context !== undefined && given === undefined) {
    throw new DdiffError("CONTEXT_MISSING", `the build context ${options.context} is no folder`, {
      hint: "Name the folder that is sent to the builder.",
      exitStatus: 2,
    });
  }

  const baselines = new Map<string, Baseline>();
  function baselineOf(config: LoadedConfig | undefined): Baseline | undefined {
    const { baseline } = options;
    const configured = config?.lint.baseline;
    if (baseline === false || (baseline === undefined && configured === undefined)) return undefined;
    const file =
      baseline === undefined
        ? resolve(dirname(config?.file ?? ""), configured ?? "")
        : resolve(options.cwd, baseline);
    let read = baselines.get(file);
    if (read === undefined) baselines.set(file, (read = readBaseline(file)));
    return read;
  }

  /** Reads happen when a rule asks for them. */
  function contextOf(one: Opened, document: Document): LintContext {
    let kept: ReturnType<typeof open> | "unknown" = "unknown";
    const context = (): ReturnType<typeof open> => {
      if (kept === "unknown") {
        if (given !== undefined) kept = given;
        else if (document.kind === "dockerfile") kept = finder.find(one.absolute, document);
        else kept = open(dirname(one.absolute));
      }
      return kept;
    };
    return {
      path: one.path,
      target: one.settings.target,
      options: one.settings.options,
      today: options.today,
      get contexts() {
        return document.kind === "dockerfile" ? finder.contexts(one.absolute) : noNames;
      },
      get ignore() {
        return context()?.ignoreOf(one.absolute);
      },
      get files() {
        return context()?.files;
      },
      read: (path) => context()?.read(path),
    };
  }

  return {
    async file(one, outside) {
      if ("problem" in one) return unreadable(one);
      const { kind, settings } = one;
      const baseline = baselineOf(one.config);
      if (kind === "dockerfile") await finder.prepare(dirname(one.absolute));
      const check = (text: string, outside: readonly OutsideReport[] = []): Checked => {
        let document: Document;
        try {
          document = read(text, kind);
        } catch (error) {
          return broken(one, settings, syntaxError, error instanceof Error ? error.message : String(error));
        }
        const checked = checkFile(document, settings, contextOf(one, document), outside);
        return baseline === undefined ? checked : baseline.without(one.absolute, checked);
      };
      // What ShellCheck said is about this text only, so that a mended one is judged without it.
      const checked = check(one.text, outside);
      const shown = mostTelling(checked.findings, settings.most);
      return { ...one, ...checked, shown, recheck: (text) => check(text) };
    },
  };
}

function unreadable(one: Opened & { problem: string }): LintedFile {
  const { path, absolute, settings, problem } = one;
  const nothing = { path, absolute, settings, kind: undefined, text: "", bytes: Buffer.alloc(0) };
  const only = broken(one, settings, unreadableFile, `${path} ${problem}`);
  return { ...nothing, ...only, shown: only.findings, recheck: undefined };
}

const noNames: ReadonlySet<string> = new Set();

/** The one finding of a file that could not be looked at. */
function broken(one: FoundFile, settings: Settings, rule: RuleInfo, message: string): Checked {
  const severity = levelOf(settings.severity(rule));
  if (severity === undefined) return { findings: [], ignored: [] };
  const top = { line: 1, column: 1 };
  const at = { start: 0, end: 0 };
  const place = { path: one.path, at, start: top, end: top };
  return { findings: [{ rule, severity, ...place, message, fingerprint: rule.name }], ignored: [] };
}

function checkNames(only: readonly string[]): void {
  const unknown = only.find((word) => !isRuleSelector(word));
  if (unknown === undefined) return;
  const near = nearest(unknown, selectorNames());
  throw new DdiffError("RULE_UNKNOWN", `there is no rule ${JSON.stringify(unknown)}`, {
    hint: `${near === undefined ? "" : `Did you mean ${near}? `}"ddiff lint --list-rules" lists them.`,
    exitStatus: 2,
  });
}
