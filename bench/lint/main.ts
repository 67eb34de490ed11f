/**
 * `npm run bench -- lint [agreement] [corpus] [speed] [judgement] [--mirrors FOLDER] [--rounds 5]`: ddiff lint beside BuildKit's checks, hadolint and tally.
 * Prints the tables and keeps them in docs/lint-comparison.md. Without names of parts it does all of them.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Outcome, compareBuildkit, compareHadolint, isAdopted } from "./agreement.ts";
import { compareReaders } from "./conformance.ts";
import { type CorpusFile, corpusFolder, readCorpus } from "./corpus.ts";
import { buildkitUnasked } from "./disagreements.ts";
import { judgementTables } from "./judgements.ts";
import { readBuildkitCases } from "./oracles/buildkit.ts";
import { readHadolintCases } from "./oracles/hadolint.ts";
import { writeSection } from "./page.ts";
import {
  buildkitParser,
  crashes,
  type Examined,
  examine,
  fixAll,
  refusedBy,
  refusedByOne,
  spreadOf,
} from "./real-files.ts";
import { measureSpeed } from "./speed.ts";
import { agreementTables, fixTable, notAdoptedTable, ruleTable, speedTable, spreadTable } from "./tables.ts";

/** Runs the parts that were named. */
export async function benchLint(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { mirrors: { type: "string" }, rounds: { type: "string", default: "5" } },
  });
  const wanted = (part: string): boolean => positionals.length === 0 || positionals.includes(part);
  if (wanted("agreement")) agreement(values.mirrors ?? process.env["DDIFF_MIRRORS"]);
  if (wanted("corpus")) await corpus();
  if (wanted("speed")) await speed(Number(values.rounds));
  if (wanted("judgement")) show("judgement", judgementTables());
}

function agreement(mirrors: string | undefined): void {
  if (mirrors === undefined)
    throw new Error("--mirrors FOLDER names where the repositories of BuildKit and hadolint lie");
  const buildkit = readBuildkitCases(mirrors);
  if (buildkit === undefined) throw new Error(`there is no moby/buildkit in ${mirrors}`);
  show("buildkit", [
    `Cases of moby/buildkit ${buildkit.commit.slice(0, 12)}.`,
    ...agreementTables(buildkit.checks.map(compareBuildkit)),
    `Not asked: ${[...new Set(buildkit.unread.map((key) => key.replace(/#.*/, "")))]
      .map((name) => `${name} (${buildkitUnasked[name] ?? "**open**"})`)
      .join(", ")}.`,
  ]);
  show("readers", [
    `Cases of moby/buildkit ${buildkit.commit.slice(0, 12)}.`,
    ...agreementTables(compareReaders(buildkit), "cases of"),
    ...refusals(),
  ]);
  const hadolint = readHadolintCases(mirrors);
  if (hadolint === undefined) throw new Error(`there is no hadolint/hadolint in ${mirrors}`);
  const outcomes: Outcome[] = hadolint.cases.filter(({ id }) => isAdopted(id)).map(compareHadolint);
  const left = new Set(hadolint.cases.map(({ id }) => id).filter((id) => !isAdopted(id)));
  show("hadolint", [
    `Cases of hadolint/hadolint ${hadolint.commit.slice(0, 12)}.`,
    ...agreementTables(outcomes),
    `Ids without a rule of ours:`,
    notAdoptedTable([...left]),
  ]);
}

/** Whether real Dockerfiles are refused by the same parsers; nothing without the files or BuildKit's parser. */
function refusals(): string[] {
  const parser = buildkitParser();
  const files = readCorpus().filter(({ kind }) => kind === "dockerfile");
  if (parser === undefined || files.length === 0) return [];
  const apart = refusedByOne(parser, files);
  return [
    `**Of ${files.length} Dockerfiles of the corpus, those of other tools' tests among them, ${files.length - apart.length} are taken by both parsers or refused by both.** The others:`,
    apart.map((line) => `- ${line}`).join("\n"),
  ];
}

async function corpus(): Promise<void> {
  const examined = await examine(filledCorpus());
  const of = (group: CorpusFile["group"], kind: CorpusFile["kind"]): Examined[] =>
    examined.filter(({ file }) => file.group === group && file.kind === kind);
  const real = [...of("ml", "dockerfile"), ...of("docker", "dockerfile")];
  const broken = crashes(examined);
  show("corpus", [
    `**${examined.length} files, ${broken.length} crashes.**`,
    ...broken.map((line) => `- ${line}`),
    spreadTable([
      ["Dockerfiles, machine learning", spreadOf(of("ml", "dockerfile"))],
      ["Dockerfiles, other", spreadOf(of("docker", "dockerfile"))],
      ["Dockerfiles, all real ones", spreadOf(real)],
      ["compose files", spreadOf([...of("ml", "compose"), ...of("docker", "compose")])],
      [".dockerignore", spreadOf([...of("ml", "ignore"), ...of("docker", "ignore")])],
      ["Dockerfiles of other tools' tests", spreadOf(of("fixture", "dockerfile"))],
    ]),
    fixTable([
      ["safe", fixAll(examined, false)],
      ["safe and `--unsafe`", fixAll(examined, true)],
    ]),
    "Rules on the real files:",
    ruleTable(examined.filter(({ file }) => file.group !== "fixture")),
  ]);
}

async function speed(rounds: number): Promise<void> {
  execFileSync(process.execPath, [join(import.meta.dirname, "..", "..", "scripts", "build.ts")]);
  const real = filledCorpus().filter(({ group, kind }) => group !== "fixture" && kind === "dockerfile");
  const parser = buildkitParser();
  // tally says nothing about any file when it cannot read one of them.
  const refused =
    parser === undefined
      ? []
      : refusedBy(
          parser,
          real.map(({ text }) => text),
        );
  const good = real.filter((_, index) => refused[index] === undefined);
  const thousand = Array.from(
    { length: Math.min(1000, good.length) },
    (_, index) => good[Math.floor((index * good.length) / 1000)],
  ).filter((file) => file !== undefined);
  const times = rounds === 1 ? "once" : `${rounds} times`;
  show("speed", [`Each ran ${times}, in turns; the best.`, speedTable(await measureSpeed(thousand, rounds))]);
}

function filledCorpus(): CorpusFile[] {
  const files = readCorpus();
  if (files.length === 0) throw new Error(`${corpusFolder} is empty: node bench/lint/corpus.ts fill MIRRORS`);
  return files;
}

function show(section: string, parts: readonly string[]): void {
  process.stdout.write(`${parts.join("\n\n")}\n\n`);
  writeSection(section, parts);
}
