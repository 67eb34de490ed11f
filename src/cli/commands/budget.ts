import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { BudgetReport, Level } from "../../inspect/budget/judge.ts";
import type { Budget } from "../../inspect/budget/rules.ts";
import type { Source } from "../../places/place.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { Baselines } from "../budget-baselines.ts";
import { type OpenSubject, openSubjects } from "../compare-subjects.ts";
import { inkFor } from "../output/ink.ts";
import { platformOption, readPlatforms } from "../platforms.ts";
import { usageError } from "../usage.ts";

const options = {
  format: {
    value: "NAME",
    choices: ["terminal", "json", "markdown", "github"],
    help: "how it is written; github is annotations for GitHub Actions",
  },
  output: { short: "o", value: "FILE", complete: "file", help: "write it into a file" },
  config: {
    value: "FILE",
    complete: "file",
    help: "the file with the limits, instead of the nearest .ddiff.yaml",
  },
  baseline: {
    value: "IMAGE",
    complete: "place",
    help: "what growth is measured against, instead of the configuration's: an image, or a file of --write-baseline",
  },
  "write-baseline": {
    value: "FILE",
    complete: "file",
    help: "write what the images are now into a file for --baseline, and judge nothing",
  },
  "fail-on": {
    value: "LEVEL",
    choices: ["hard", "soft", "never"],
    help: "broken limits of this level, or worse, make the exit status 1; hard when not said",
  },
  dockerfile: {
    value: "FILE",
    complete: "file",
    help: "the Dockerfile that they were built with, for the lines",
  },
  ...platformOption,
} as const;

type BudgetCall = Call<typeof options>;

export const budget = defineCommand({
  name: "budget",
  summary: "fail when an image is larger than it may be",
  usage: ["budget [OPTIONS] IMAGE...", "budget --write-baseline FILE [OPTIONS] IMAGE..."],
  description: [
    "Measures images against the limits in .ddiff.yaml: of the whole image, of its largest layer, of what is waste, of each class of files, and of growth against a baseline, which is an image in any place or a file. A soft limit warns, a hard one makes the exit status 1.",
    "A file of ddiff analyze --json stands for its image.",
  ],
  arguments: [
    { name: "IMAGE", required: true, many: true, complete: "place", help: "the images, in any place" },
  ],
  options,
  examples: [
    {
      text: "In CI, with annotations",
      command: "ddiff budget --format github --dockerfile Dockerfile app:pr",
    },
    {
      text: "As a comment for a pull request, against what is released",
      command: "ddiff budget --format markdown -o size.md --baseline docker://ghcr.io/lab/app:latest app:pr",
    },
    { text: "Keep what it is now", command: "ddiff budget --write-baseline .ddiff-sizes.json app:2" },
  ],
  async run(call) {
    const platforms = await readPlatforms(call.options.platform);
    const writeTo = call.options["write-baseline"];
    const limits = writeTo === undefined ? await readLimits(call) : undefined;
    const dockerfile = await readDockerfile(call.options.dockerfile);
    const context = await call.context();
    const opened: Source[] = [];
    try {
      const subjects = await openSubjects(
        call.args,
        { platforms, everyPlatform: true, ...(dockerfile === undefined ? {} : { dockerfile }) },
        context,
        opened,
      );
      if (writeTo !== undefined) return await writeBaseline(writeTo, subjects);
      return await report(call, await judge(call, subjects, limits, new Baselines(context, opened)));
    } finally {
      for (const source of opened) await source.close();
    }
  },
});

/** The limits of the nearest configuration, or of the one that is named. Throws `USAGE` where there are none, `CONFIG_INVALID`. */
async function readLimits({ options: { config } }: BudgetCall): Promise<Budget> {
  const [{ nearestConfig, readConfigText }, { readBudget }] = await Promise.all([
    import("../../config/find.ts"),
    import("../../inspect/budget/rules.ts"),
  ]);
  const file = config === undefined ? nearestConfig(process.cwd(), process.cwd()) : resolve(config);
  const read = file === undefined ? undefined : readBudget(readConfigText(file), file);
  if (read !== undefined) return read;
  throw usageError(
    file === undefined ? "there is no .ddiff.yaml here" : `${file} has no budget`,
    "budget",
    "Write limits under budget: in .ddiff.yaml; docs/budget.md shows how.",
  );
}

async function judge(
  call: BudgetCall,
  subjects: readonly OpenSubject[],
  limits: Budget | undefined,
  baselines: Baselines,
): Promise<BudgetReport> {
  const { judgeImage, worstOf } = await import("../../inspect/budget/judge.ts");
  const results = [];
  for (const { subject } of subjects) {
    const { label, report } = subject;
    const names = [label, report.image.name];
    const { rules, baseline } = limits?.of(names) ?? { rules: [], baseline: undefined };
    const name = call.options.baseline ?? fromConfig(baseline, limits);
    const grows = rules.some(({ kind }) => kind === "growth") || call.options.baseline !== undefined;
    const before =
      name === undefined || !grows
        ? undefined
        : await baselines.of(name, { names, platform: report.image.platform });
    if (rules.length === 0) baselines.notes.push(`no limit is for ${label}`);
    if (name === undefined && grows)
      baselines.notes.push(`${label} has no baseline: its growth is not judged`);
    results.push(judgeImage({ label, report, rules, baseline: before }));
  }
  const images = results.map(({ judged }) => judged);
  return {
    version: 1,
    level: worstOf(images.map(({ level }) => level)),
    ...(limits === undefined ? {} : { config: relative(process.cwd(), limits.file) }),
    images,
    notes: [...baselines.notes, ...results.flatMap(({ notes }) => notes)],
  };
}

/** A baseline's file is named from the configuration's folder on; an image as anywhere. */
function fromConfig(baseline: string | undefined, limits: Budget | undefined): string | undefined {
  if (baseline === undefined || limits === undefined || !baseline.endsWith(".json")) return baseline;
  return relative(process.cwd(), join(dirname(limits.file), baseline));
}

async function report(call: BudgetCall, found: BudgetReport): Promise<Outcome> {
  const [{ isAsBad }, { budgetHeadline }] = await Promise.all([
    import("../../inspect/budget/judge.ts"),
    import("../../inspect/reports/budget-overview.ts"),
  ]);
  const failOn = (call.options["fail-on"] ?? "hard") as Exclude<Level, "ok"> | "never";
  const status = failOn !== "never" && isAsBad(found.level, failOn) ? 1 : 0;
  const text = await render(found, call);
  const { output } = call.options;
  if (output === undefined)
    return { status, json: found, ...(text === "" ? {} : { answer: `${text}\n`, raw: true }) };
  await writeFile(output, `${text}\n`);
  return { status, json: found, summary: [`${budgetHeadline(found)}; written to ${output}`] };
}

async function render(found: BudgetReport, call: BudgetCall): Promise<string> {
  switch (call.options.format) {
    case "json":
      return JSON.stringify(found, null, 2);
    case "markdown":
      return (await import("../../inspect/reports/budget-markdown.ts")).budgetMarkdown(found);
    case "github":
      return (await import("../../inspect/reports/budget-github.ts")).budgetGithub(found);
    default: {
      const { budgetShort, budgetTerminal } = await import("../../inspect/reports/budget-terminal.ts");
      const ink = inkFor(call, call.options.output !== undefined);
      return call.quiet ? budgetShort(found) : budgetTerminal(found, ink);
    }
  }
}

async function writeBaseline(file: string, subjects: readonly OpenSubject[]): Promise<Outcome> {
  const { baselineText } = await import("../../inspect/budget/baseline.ts");
  const images = subjects.map(({ subject }) => subject);
  await writeFile(file, baselineText(images));
  const kept = images.map(({ label, report }) => `${label} ${report.image.platform}`);
  return { json: { baseline: file, images: kept }, summary: [`${kept.join(", ")} written to ${file}`] };
}

async function readDockerfile(file: string | undefined): Promise<{ file: string; text: string } | undefined> {
  if (file === undefined) return undefined;
  try {
    return { file, text: await readFile(file, "utf8") };
  } catch {
    throw usageError(`${file} cannot be read`, "budget");
  }
}
