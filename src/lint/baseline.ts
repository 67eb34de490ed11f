import { readFileSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { DdiffError, messageOf } from "../util/errors.ts";
import type { Checked } from "./check-file.ts";
import type { Finding } from "./finding.ts";

/** Findings of before that are left as they are. */
export interface Baseline {
  /** The findings of a file (absolute) without those of the baseline, which become ignored ones. */
  without(file: string, checked: Checked): Checked;
}

interface BaselineFile {
  version: 1;
  /** Rules and fingerprints by path from the file's folder on. */
  findings: Record<string, { rule: string; fingerprint: string }[]>;
}

/** Reads a file that `--write-baseline` made. Throws `BASELINE_INVALID` (exit status 2). */
export function readBaseline(file: string): Baseline {
  const { findings } = parse(file);
  const known = new Map(
    Object.entries(findings).map(([path, list]) => [
      path,
      new Set(list.map((one) => `${one.rule}\n${one.fingerprint}`)),
    ]),
  );
  return {
    without(path, checked) {
      const here = known.get(pathFrom(file, path));
      if (here === undefined) return checked;
      const isKnown = (one: Finding): boolean => here.has(`${one.rule.name}\n${one.fingerprint}`);
      return {
        findings: checked.findings.filter((one) => !isKnown(one)),
        ignored: [
          ...checked.ignored,
          ...checked.findings
            .filter(isKnown)
            .map((one) => ({ ...one, by: "baseline" as const, reason: undefined })),
        ],
      };
    },
  };
}

/** The text of a baseline of these files (absolute paths), to stand in `file`. The same findings give the same text. */
export function baselineText(
  file: string,
  files: readonly { readonly absolute: string; readonly findings: readonly Finding[] }[],
): string {
  const entries = files
    .filter((one) => one.findings.length > 0)
    .map((one): [string, { rule: string; fingerprint: string }[]] => [
      pathFrom(file, one.absolute),
      one.findings.map((finding) => ({ rule: finding.rule.name, fingerprint: finding.fingerprint })),
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const content: BaselineFile = { version: 1, findings: Object.fromEntries(entries) };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function pathFrom(file: string, path: string): string {
  return relative(dirname(file), path).split(sep).join("/");
}

function parse(file: string): BaselineFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw invalid(file, messageOf(cause), cause);
  }
  if (!isBaseline(parsed)) throw invalid(file, "it is not a baseline of version 1", undefined);
  return parsed;
}

function isBaseline(value: unknown): value is BaselineFile {
  if (typeof value !== "object" || value === null) return false;
  const { version, findings } = value as Partial<BaselineFile>;
  if (version !== 1 || typeof findings !== "object" || findings === null) return false;
  return Object.values(findings).every(
    (list) =>
      Array.isArray(list) &&
      list.every((one) => typeof one?.rule === "string" && typeof one.fingerprint === "string"),
  );
}

function invalid(file: string, why: string, cause: unknown): DdiffError {
  return new DdiffError("BASELINE_INVALID", `the baseline ${file} cannot be used: ${why}`, {
    hint: `Make it anew with "ddiff lint --write-baseline ${file}".`,
    exitStatus: 2,
    cause,
  });
}
