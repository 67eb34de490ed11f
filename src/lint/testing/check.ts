import { readCompose } from "../../dockerfile/read-compose.ts";
import { readDockerfile } from "../../dockerfile/read.ts";
import { readIgnoreFile } from "../../dockerfile/read-ignore-file.ts";
import { type Checked, checkFile } from "../check-file.ts";
import type { Level } from "../finding.ts";
import { fixText } from "../fix.ts";
import type { Document, FileKind } from "../kinds.ts";
import type { Example, LintContext, Rule } from "../rule.ts";
import type { Settings } from "../settings.ts";

/** What tests hold still: the first of November 2026. */
export const testDay = Date.UTC(2026, 10, 1);

/** What is around a text under test. */
export type Surroundings = Pick<Example, "files" | "target" | "options"> & {
  readonly path?: string;
  readonly contexts?: readonly string[];
};

/** Reads a text as a file of a kind. */
export function readAs(kind: FileKind, text: string): Document {
  if (kind === "dockerfile") return readDockerfile(text);
  return kind === "compose" ? readCompose(text) : readIgnoreFile(text);
}

/** What one rule finds in a text, through the engine: comments and syntax problems count. */
export function checkWith(rule: Rule, text: string, around: Surroundings = {}): Checked {
  return checkFile(readAs(rule.kind, text), settingsFor(rule), contextFor(around));
}

/** The messages of one rule for a text. */
export function messagesOf(rule: Rule, text: string, around: Surroundings = {}): string[] {
  return checkWith(rule, text, around).findings.map((one) => one.message);
}

/** A text after the safe fixes of one rule. */
export function fixedBy(rule: Rule, text: string, around: Surroundings = {}): string {
  return fixText(text, (one) => checkWith(rule, one, around), false).text;
}

/** Settings under which one rule runs alone. */
export function settingsFor(rule: Rule): Settings {
  const level: Level = rule.severity === "off" ? "info" : rule.severity;
  return {
    rules: { dockerfile: [], compose: [], ignore: [], [rule.kind]: [[rule, level]] },
    severity: (one) => (one.name === rule.name ? level : one.severity),
    codes: new Map(),
    failOn: "warning",
    requireReason: false,
    shellcheck: false,
    most: Number.POSITIVE_INFINITY,
    target: { gpus: [], driver: undefined },
    options: { allowedRegistries: undefined, labels: undefined, strictLabels: false },
  };
}

/** A build context that is made of texts. */
export function contextFor(around: Surroundings): LintContext {
  const files = Object.entries(around.files ?? {});
  const ignore = around.files?.[".dockerignore"];
  return {
    path: around.path ?? "Dockerfile",
    target: { gpus: [], driver: undefined, ...around.target },
    options: { allowedRegistries: undefined, labels: undefined, strictLabels: false, ...around.options },
    today: testDay,
    contexts: new Set(around.contexts),
    ignore: ignore === undefined ? undefined : readIgnoreFile(ignore),
    read: (path) => around.files?.[path.replace(/^\.?\//, "")],
    files:
      around.files === undefined
        ? undefined
        : files
            .map(([path, text]) => ({ path, size: Buffer.byteLength(text) }))
            .sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}
