import { allRules } from "../../src/lint/selectors.ts";
import { rules } from "../../src/lint/rules.ts";
import type { LabelKind, RuleInfo } from "../../src/lint/rule.ts";
import { type CaseInput, findIn } from "./in-process.ts";
import type { BuildkitCase } from "./oracles/buildkit.ts";
import type { HadolintCase } from "./oracles/hadolint.ts";

/** What became of one case. */
export interface Outcome {
  key: string;
  /** The other linter's id. */
  id: string;
  agrees: boolean;
  /** What was expected and what came, for people. */
  expected: string;
  found: string;
  dockerfile: string;
}

/** BuildKit's 22 checks. */
const buildkitChecks: readonly string[] =
  "StageNameCasing FromAsCasing NoEmptyContinuation ConsistentInstructionCasing DuplicateStageName ReservedStageName JSONArgsRecommended MaintainerDeprecated UndefinedArgInFrom WorkdirRelativePath UndefinedVar MultipleInstructionsDisallowed LegacyKeyValueFormat InvalidBaseImagePlatform RedundantTargetPlatform SecretsUsedInArgOrEnv InvalidDefaultArgInFrom FromPlatformFlagConstDisallowed CopyIgnoredFile InvalidDefinitionDescription ExposeProtoCasing ExposeInvalidFormat".split(
    " ",
  );

/** Whether one of our rules stands for another linter's id. */
export function isAdopted(id: string): boolean {
  return rules.some((rule) => rule.aliases.includes(id));
}

/** Every id of hadolint that is adopted, by the rule that has it. */
export function rulesFor(id: string): readonly RuleInfo[] {
  return allRules.filter((rule) => rule.aliases.includes(id));
}

/** Whether the same checks fire on the same lines. */
export function compareBuildkit(one: BuildkitCase): Outcome {
  const findings = findIn({ dockerfile: withCheckArgument(one), dockerignore: one.dockerignore });
  // The test of this check alone asks for it; everywhere else BuildKit leaves it out.
  const experimental = /experimental=/.test(one.dockerfile);
  const found = findings.flatMap(({ rule, start }) => {
    const check = rule.aliases.find((alias) => buildkitChecks.includes(alias));
    if (check === undefined || (check === "InvalidDefinitionDescription" && !experimental)) return [];
    return [{ rule: check, line: start.line }];
  });
  const linesCount = one.warnings.every(({ line }) => line !== undefined);
  const write = (list: readonly { rule: string; line: number | undefined }[]): string =>
    list
      .map(({ rule, line }) => (linesCount ? `${rule}:${line}` : rule))
      .sort()
      .join(" ");
  const [expected, came] = [write(one.warnings), write(found)];
  const id = one.key.replace(/#.*/, "");
  return { key: one.key, id, agrees: expected === came, expected, found: came, dockerfile: one.dockerfile };
}

/** The build argument goes before the file's own directive. */
function withCheckArgument({ dockerfile, attributes }: BuildkitCase): string {
  const wanted = attributes["build-arg:BUILDKIT_DOCKERFILE_CHECK"];
  return wanted === undefined ? dockerfile : dockerfile.replace(/^#\s*check=.*/, `#check=${wanted}`);
}

/** Whether a finding by a rule with this alias is there exactly where hadolint's spec has one. */
export function compareHadolint(one: HadolintCase): Outcome {
  const { trustedRegistries, labelSchema, strictLabels } = one.config;
  const options: CaseInput["options"] = {
    ...(trustedRegistries === undefined ? {} : { allowedRegistries: trustedRegistries }),
    ...(labelSchema === undefined ? {} : { labels: new Map(Object.entries(labelSchema).map(readLabel)) }),
    ...(strictLabels === undefined ? {} : { strictLabels }),
  };
  // Many cases are fragments that no builder takes.
  const fragment = !/^\s*FROM\s/im.test(one.dockerfile);
  const dockerfile = fragment ? `FROM scratch\n${one.dockerfile}` : one.dockerfile;
  const all = findIn({ dockerfile, options });
  const found = all.filter(({ rule }) => rule.aliases.includes(one.id)).length;
  const agrees = one.expected === "some" ? found > 0 : found === one.expected;
  const unread = all.find(({ rule }) => rule.name === "syntax-error");
  return {
    key: one.key,
    id: one.id,
    agrees,
    expected: one.expected === "some" ? "at least 1" : String(one.expected),
    found: unread === undefined ? String(found) : `${found}, ${unread.message}`,
    dockerfile: one.dockerfile,
  };
}

function readLabel([name, kind]: [string, string]): [string, LabelKind] {
  const kinds: Record<string, LabelKind> = {
    rawtext: "text",
    url: "url",
    semver: "semver",
    githash: "hash",
    rfc3339: "rfc3339",
    spdx: "spdx",
    email: "email",
  };
  return [name, kinds[kind] ?? "text"];
}
