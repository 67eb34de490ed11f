import { LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import { messageOf } from "../util/errors.ts";
import { nearest } from "../util/nearest.ts";
import { linePrefix, type Origins, originsOf } from "../util/yaml-origins.ts";
import { invalidConfig } from "./config.ts";
import { type LintConfig, lintFileSchema, lintJsonSchema } from "./config-schema.ts";
import { isRuleSelector, selectorNames } from "./selectors.ts";

/** Reads and checks the text of a `.ddiff.yaml`. Throws `CONFIG_INVALID`, which names each wrong setting with its line. */
export function parseConfig(text: string, file: string): LintConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined)
    throw invalidConfig(file, [`line ${lines.linePos(error.pos[0]).line}: ${error.message}`]);
  let tree: unknown;
  try {
    // Aliases that multiply (a "billion laughs") are refused here.
    tree = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw invalidConfig(file, [messageOf(cause)]);
  }
  const origins = originsOf(document, lines);
  const parsed = lintFileSchema.safeParse(tree);
  if (!parsed.success) {
    throw invalidConfig(
      file,
      parsed.error.issues.flatMap((issue) => describe(issue, origins)),
    );
  }
  const { lint } = parsed.data;
  const problems = [
    ...unknownRules(lint.rules, ["lint", "rules"], origins),
    ...lint.overrides.flatMap((one, at) =>
      unknownRules(one.rules, ["lint", "overrides", String(at), "rules"], origins),
    ),
  ];
  if (problems.length > 0) throw invalidConfig(file, problems);
  return lint;
}

function unknownRules(
  rules: Readonly<Record<string, string>>,
  path: readonly string[],
  origins: Origins,
): string[] {
  return Object.keys(rules)
    .filter((name) => !isRuleSelector(name))
    .map(
      (name) =>
        `${linePrefix([...path, name], origins)}there is no rule ${JSON.stringify(name)}${meant(name)}`,
    );
}

function meant(name: string): string {
  const near = nearest(name, selectorNames());
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

function describe(issue: z.core.$ZodIssue, origins: Origins): string[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const hint =
        near === undefined ? `: known are ${known.join(", ")}` : `; did you mean ${JSON.stringify(near)}?`;
      return `${linePrefix([...path, key], origins)}there is no ${JSON.stringify(key)} in ${path.join(".")}${hint}`;
    });
  }
  const message = issue.message.replace(
    /^Invalid (?:input|option): expected (.*?)(?:, received .*)?$/,
    "must be $1",
  );
  return [`${linePrefix(path, origins)}${path.join(".")} ${message}`];
}

/** The keys that the schema knows at a place. */
function knownKeys(path: readonly string[]): string[] {
  let node: unknown = lintJsonSchema();
  for (const key of path) node = child(child(node, "properties"), key) ?? child(node, "items");
  const properties = child(node, "properties");
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}

function child(parent: unknown, key: string): unknown {
  if (typeof parent !== "object" || parent === null || !Object.hasOwn(parent, key)) return undefined;
  return (parent as Record<string, unknown>)[key];
}
