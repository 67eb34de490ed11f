import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { LintResult } from "../../lint/lint.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { lintOptionSpecs, readLintOptions } from "../lint-options.ts";
import { inkFor } from "../output/ink.ts";
import { usageError } from "../usage.ts";
import { version } from "../version.ts";

const options = {
  format: {
    value: "NAME",
    choices: ["terminal", "json", "sarif", "github", "markdown", "junit"],
    help: "how the findings are written",
  },
  output: { short: "o", value: "FILE", complete: "file", help: "write them into a file" },
  "fail-on": {
    value: "LEVEL",
    choices: ["error", "warning", "info"],
    help: "findings this bad or worse make the exit status 1, warning if not said",
  },
  all: { help: "report all findings of files that have more than 10" },
  fix: { help: "mend what can be mended first, as ddiff fix does" },
  unsafe: { help: "with --fix, also what may change what the build does" },
  ...lintOptionSpecs,
  "write-baseline": {
    value: "FILE",
    complete: "file",
    help: "write all findings into a file for --baseline, and fail on none",
  },
  "list-rules": { help: "list the rules" },
  explain: { value: "RULE", help: "print what a rule finds and why, with examples" },
} as const;

type LintCall = Call<typeof options>;

export const lint = defineCommand({
  name: "lint",
  summary: "find what is wrong with Dockerfiles and compose files",
  usage: ["lint [OPTIONS] [PATH...]", "lint --stdin [OPTIONS]", "lint --list-rules", "lint --explain RULE"],
  description: [
    "Reads Dockerfiles, compose files and .dockerignore files, says what is wrong with them and about how many bytes it costs. Knows CUDA, drivers, wheels and the caches of package managers. Needs no engine and no network.",
    'Folders are searched, the current one where none is named. Settings stand in .ddiff.yaml. A comment "# ddiff ignore=RULE because REASON" above a line silences a rule there; those of hadolint, BuildKit and ShellCheck count too.',
  ],
  arguments: [{ name: "PATH", many: true, complete: "file", help: "files and folders" }],
  options,
  examples: [
    { text: "Everything below this folder", command: "ddiff lint" },
    { text: "For the machines it will run on", command: "ddiff lint --gpu rtx4090 --driver 550 Dockerfile" },
    { text: "For code scanning", command: "ddiff lint --format sarif -o lint.sarif" },
    { text: "An old project, from today on", command: "ddiff lint --write-baseline .ddiff-baseline.json" },
  ],
  async run(call) {
    if (call.options["list-rules"]) return listRules();
    if (call.options.explain !== undefined) return explain(call.options.explain, call);
    const { lint: run } = await import("../../lint/lint.ts");
    const wanted = { ...(await readLintOptions(call, call.options["fail-on"])), all: call.options.all };
    const writeTo = call.options["write-baseline"];
    if (writeTo !== undefined) return writeBaseline(writeTo, await run({ ...wanted, baseline: false }));
    if (call.options.unsafe && !call.options.fix) throw usageError("--unsafe needs --fix", "lint");
    let result = await run(wanted);
    const notes: string[] = [];
    if (call.options.fix) {
      if (wanted.stdin !== undefined)
        throw usageError("--fix writes files: it cannot go with --stdin", "lint", "Use ddiff fix --stdin.");
      const { fixFiles, fixedLine } = await import("../../lint/fix-files.ts");
      const fixed = await fixFiles(result.files, { unsafe: call.options.unsafe, write: true });
      notes.push(fixedLine(fixed, true));
      result = await run(wanted);
    }
    return report(call, result, [...notes, ...result.notes]);
  },
});

async function report(call: LintCall, result: LintResult, notes: readonly string[]): Promise<Outcome> {
  const { headline, summarize } = await import("../../lint/reports/summary.ts");
  const { jsonReport } = await import("../../lint/reports/json.ts");
  const { output } = call.options;
  const text = await render(call, result);
  const status = result.failed ? 1 : 0;
  const json = call.json ? jsonReport(result) : null;
  if (output === undefined) {
    const nothing = text === "" && call.options.format !== "terminal";
    return { status, json, summary: [...notes], ...(nothing ? {} : { answer: `${text}\n`, raw: true }) };
  }
  await writeFile(output, `${text}\n`);
  return { status, json, summary: [...notes, `${headline(summarize(result))}; written to ${output}`] };
}

async function render(call: LintCall, result: LintResult): Promise<string> {
  switch (call.options.format) {
    case "json": {
      const { jsonReport } = await import("../../lint/reports/json.ts");
      return JSON.stringify(jsonReport(result), null, 2);
    }
    case "sarif": {
      const { sarifReport } = await import("../../lint/reports/sarif.ts");
      return JSON.stringify(sarifReport(result, version), null, 2);
    }
    case "github":
      return (await import("../../lint/reports/github.ts")).githubReport(result);
    case "markdown":
      return (await import("../../lint/reports/markdown.ts")).markdownReport(result);
    case "junit":
      return (await import("../../lint/reports/junit.ts")).junitReport(result);
    default: {
      const { shortReport, terminalReport } = await import("../../lint/reports/terminal.ts");
      const ink = inkFor(call, call.options.output !== undefined);
      return call.quiet ? shortReport(result, ink) : terminalReport(result, ink);
    }
  }
}

async function writeBaseline(file: string, result: LintResult): Promise<Outcome> {
  const { baselineText } = await import("../../lint/baseline.ts");
  await writeFile(file, baselineText(resolve(file), result.files));
  const line = `${result.findings.length} findings written to ${file}`;
  return { json: { baseline: file, findings: result.findings.length }, summary: [line] };
}

async function listRules(): Promise<Outcome> {
  const [{ allRules }, { table }] = await Promise.all([
    import("../../lint/selectors.ts"),
    import("../../report/table.ts"),
  ]);
  const sorted = [...allRules].sort((a, b) => (a.group === b.group ? 0 : a.group < b.group ? -1 : 1));
  const rows = sorted.map((rule) => [rule.name, rule.group, rule.severity, rule.aliases.join(" ")]);
  return {
    json: sorted.map(({ name, group, severity, aliases, meaning }) => ({
      name,
      group,
      severity,
      aliases,
      meaning,
    })),
    answer: table([["RULE", "GROUP", "SEVERITY", "ALSO"], ...rows]),
  };
}

async function explain(word: string, call: LintCall): Promise<Outcome> {
  const { selectRules, selectorNames } = await import("../../lint/selectors.ts");
  const { rules } = selectRules(word);
  if (rules.length === 0) {
    const { nearest } = await import("../../util/nearest.ts");
    const near = nearest(word, selectorNames());
    throw usageError(
      `there is no rule ${JSON.stringify(word)}`,
      "lint",
      near === undefined ? undefined : `Did you mean ${near}?`,
    );
  }
  const { explainRule } = await import("../../lint/reports/explain.ts");
  const ink = { ...inkFor(call, false), width: Math.min(call.screen.width, 100) };
  return {
    json: rules.map(({ name, group, severity, aliases, meaning, why, examples }) => ({
      name,
      group,
      severity,
      aliases,
      meaning,
      why,
      examples,
    })),
    answer: `${rules.map((rule) => explainRule(rule, ink)).join("\n\n")}\n`,
    raw: true,
  };
}
