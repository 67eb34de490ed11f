import { invalidConfig } from "../config/find.ts";
import { meantHint, parseConfigPart } from "../config/parse.ts";
import { linePrefix, type Origins } from "../util/yaml-origins.ts";
import { type LintConfig, lintFileSchema, lintJsonSchema } from "./config-schema.ts";
import { isRuleSelector, selectorNames } from "./selectors.ts";

/** Reads and checks lint's part of the text of a `.ddiff.yaml`. Throws `CONFIG_INVALID`, which names each wrong setting with its line. */
export function parseConfig(text: string, file: string): LintConfig {
  const {
    part: { lint },
    origins,
  } = parseConfigPart(text, file, lintFileSchema, lintJsonSchema);
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
        `${linePrefix([...path, name], origins)}there is no rule ${JSON.stringify(name)}${meantHint(name, selectorNames())}`,
    );
}
