import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a person who read the file says of one finding. */
interface Judgement {
  /** From 1. After each round the rules were mended where they were wrong; the verdicts stay as they were. */
  round: number;
  repository: string;
  path: string;
  /** Of the file. */
  sha256: string;
  rule: string;
  line: number;
  verdict: "right" | "wrong" | "debatable";
  reason: string;
}

const file = join(import.meta.dirname, "judgements.json");

/** All that was judged. */
export function readJudgements(): Judgement[] {
  return JSON.parse(readFileSync(file, "utf8")) as Judgement[];
}

/** Verdicts by rule, and what is said of those that are not right, for each round. */
export function judgementTables(): string[] {
  const judged = readJudgements();
  const rounds = [...new Set(judged.map(({ round }) => round))].sort((a, b) => a - b);
  return rounds.flatMap((round) => [
    `### Round ${round}`,
    ...roundTables(judged.filter((one) => one.round === round)),
  ]);
}

function roundTables(judged: readonly Judgement[]): string[] {
  const row = (title: string, list: readonly Judgement[]): string =>
    `| ${title} | ${list.length} | ${count(list, "right")} | ${count(list, "debatable")} | ${count(list, "wrong")} |`;
  const names = [...new Set(judged.map(({ rule }) => rule))].sort();
  const doubtful = judged.filter(({ verdict }) => verdict !== "right");
  return [
    `**${judged.length} findings judged, ${count(judged, "wrong")} wrong (${((100 * count(judged, "wrong")) / judged.length).toFixed(1)} %).**`,
    [
      "| rule | judged | right | debatable | wrong |",
      "| --- | ---: | ---: | ---: | ---: |",
      ...names.map((name) =>
        row(
          name,
          judged.filter(({ rule }) => rule === name),
        ),
      ),
      row("**all**", judged),
    ].join("\n"),
    ...(doubtful.length === 0
      ? []
      : [
          [
            "| file | line | rule | verdict | why |",
            "| --- | ---: | --- | --- | --- |",
            ...doubtful.map(
              ({ repository, path, line, rule, verdict, reason }) =>
                `| ${repository}, ${path} | ${line} | ${rule} | ${verdict} | ${reason} |`,
            ),
          ].join("\n"),
        ]),
  ];
}

function count(list: readonly Judgement[], verdict: Judgement["verdict"]): number {
  return list.filter((one) => one.verdict === verdict).length;
}
