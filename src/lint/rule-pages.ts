import type { Example, Rule, RuleInfo } from "./rule.ts";

/** The page of a rule in docs/rules. */
export function ruleFileName(rule: RuleInfo): string {
  return `${rule.name}.md`;
}

const severities = {
  error: "error",
  warning: "warning",
  info: "info",
  off: "off (on with `profile: strict`, or by name)",
} as const;

/** The text of a rule's page, generated from the rule alone. */
export function rulePageText(rule: RuleInfo | Rule): string {
  const kind = "kind" in rule ? rule.kind : undefined;
  const facts = [
    `severity: ${severities[rule.severity]}`,
    `group: ${rule.group}`,
    ...(kind === undefined ? [] : [`files: ${kinds[kind]}`]),
    ...(rule.aliases.length === 0
      ? []
      : [`also known as: ${rule.aliases.map((one) => `\`${one}\``).join(", ")}`]),
    ...(rule.examples.some((one) => one.fixed !== undefined) ? ["`ddiff fix` can mend it"] : []),
  ];
  const parts = [
    `# ${rule.name}`,
    rule.meaning,
    facts.map((fact) => `- ${fact}`).join("\n"),
    `## Why\n\n${rule.why}`,
    ...rule.examples.flatMap((example) => exampleText(example, kind ?? "dockerfile")),
    `## Leaving it\n\n\`# ddiff ignore=${rule.name} because REASON\` in the line above silences it there; \`${rule.name}: off\` below \`lint.rules\` in \`.ddiff.yaml\` does so everywhere ([more](../lint-config.md)).`,
    "[All rules](README.md)",
  ];
  return `${parts.join("\n\n")}\n`;
}

const kinds = {
  dockerfile: "Dockerfiles",
  compose: "compose files",
  ignore: ".dockerignore files",
} as const;

const languages = { dockerfile: "dockerfile", compose: "yaml", ignore: "" } as const;

function exampleText(example: Example, kind: keyof typeof languages): string[] {
  const language = languages[kind];
  const around = Object.entries(example.files ?? {}).map(
    ([path, text]) => `with \`${path}\`:\n\n${fenced(text, "")}`,
  );
  const parts = ["## Not like this", fenced(example.bad, language)];
  const { gpus = [], driver } = example.target ?? {};
  const target = [
    ...gpus.map((gpu) => `--gpu ${gpu.name}`),
    ...(driver === undefined ? [] : [`--driver ${driver}`]),
  ];
  if (target.length > 0) parts.push(`with \`${target.join(" ")}\``);
  parts.push(...around, "But:", fenced(example.good, language));
  if (example.fixed !== undefined && example.fixed !== example.good)
    parts.push("What `ddiff fix --unsafe` makes of the first:", fenced(example.fixed, language));
  return parts;
}

function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

const groups: Readonly<Record<RuleInfo["group"], string>> = {
  syntax: "Files and syntax",
  base: "Base images",
  cuda: "CUDA, drivers and wheels",
  caches: "Caches",
  packages: "Packages of the system",
  layers: "Layers and copies",
  python: "Python",
  shell: "Shell",
  security: "Security",
  runtime: "Running",
  compose: "Compose",
  ignore: ".dockerignore",
  labels: "Labels",
  style: "Style",
};

/** The text of docs/rules/README.md. */
export function rulesIndexText(all: readonly RuleInfo[]): string {
  const parts = [
    "# Rules",
    "What [`ddiff lint`](../lint.md) finds, by group. A rule that is off speaks when it is named with `--rule`, set in [`.ddiff.yaml`](../lint-config.md), or with `--profile strict`. Ids of hadolint (`DL...`), BuildKit (`JSONArgsRecommended`), Trivy (`DS-...`) and Checkov (`CKV_...`) name our rules too, in comments and in the configuration.",
  ];
  for (const [group, title] of Object.entries(groups)) {
    const members = all.filter((rule) => rule.group === group).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (members.length === 0) continue;
    const rows = members.map((rule) => {
      const mends = rule.examples.some((one) => one.fixed !== undefined) ? "yes" : "";
      return `| [${rule.name}](${ruleFileName(rule)}) | ${rule.severity} | ${rule.meaning.replaceAll("|", "\\|")} | ${mends} | ${rule.aliases.join(" ")} |`;
    });
    parts.push(
      `## ${title}`,
      ["| rule | severity | finds | fix | also |", "|---|---|---|---|---|", ...rows].join("\n"),
    );
  }
  return `${parts.join("\n\n")}\n`;
}
