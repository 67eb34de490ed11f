/**
 * `node bench/lint/sample.ts [--count 200] [--seed 1] [--json]`: findings of the rules about machine learning on the corpus's ML files, evenly over the
 * rules, as a sheet to judge by reading. With --json, as rows for bench/lint/judgements.json. Findings that are judged already are left out.
 */
import { parseArgs } from "node:util";
import type { Finding } from "../../src/lint/finding.ts";
import { type CorpusFile, corpusFolder, readCorpus } from "./corpus.ts";
import { readJudgements } from "./judgements.ts";
import { examine } from "./real-files.ts";

const groups = new Set("base cuda caches packages layers python runtime security compose ignore".split(" "));

/** A finding that was drawn. */
interface Drawn {
  file: CorpusFile;
  finding: Finding;
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const corpus = readCorpus().filter(({ group }) => group === "ml");
if (corpus.length === 0) throw new Error(`${corpusFolder} is empty: node bench/lint/corpus.ts fill MIRRORS`);
const judgements = readJudgements();
const nextRound = Math.max(0, ...judgements.map(({ round }) => round)) + 1;
const judged = new Set(judgements.map(({ sha256, rule, line }) => `${sha256} ${rule} ${line}`));
const all: Drawn[] = (await examine(corpus)).flatMap(({ file, linted }) =>
  linted.findings
    .filter(
      ({ rule, start }) => groups.has(rule.group) && !judged.has(`${file.sha256} ${rule.name} ${start.line}`),
    )
    .map((finding) => ({ file, finding })),
);
const drawn = draw(all, Number(values.count), Number(values.seed));
process.stdout.write(values.json ? `${JSON.stringify(drawn.map(asRow), undefined, 1)}\n` : sheet(drawn));

/** In turns from each rule, at most one of a rule from a file, until there are enough. */
function draw(all: readonly Drawn[], count: number, seed: number): Drawn[] {
  const random = generator(seed);
  const byRule = new Map<string, Drawn[]>();
  for (const one of all) {
    const list = byRule.get(one.finding.rule.name) ?? [];
    if (!list.some(({ file }) => file === one.file)) list.push(one);
    byRule.set(one.finding.rule.name, list);
  }
  const queues = [...byRule]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, list]) => list.map((one) => ({ one, at: random() })).sort((a, b) => a.at - b.at));
  const drawn: Drawn[] = [];
  for (let round = 0; drawn.length < count && queues.some((queue) => queue.length > round); round++)
    for (const queue of queues) {
      const next = queue[round];
      if (next !== undefined && drawn.length < count) drawn.push(next.one);
    }
  return drawn.sort((a, b) => (a.finding.rule.name < b.finding.rule.name ? -1 : 1));
}

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function asRow({ file, finding }: Drawn): Record<string, unknown> {
  return {
    round: nextRound,
    repository: file.repository,
    path: file.path,
    sha256: file.sha256,
    rule: finding.rule.name,
    line: finding.start.line,
    verdict: "",
    reason: "",
  };
}

function sheet(drawn: readonly Drawn[]): string {
  const parts = drawn.map(({ file, finding }, index) => {
    const { start, end, rule, message } = finding;
    const lines = file.text.split(/\r?\n/);
    const [from, to] = [
      Math.max(1, start.line - 3),
      Math.min(lines.length, Math.min(end.line, start.line + 20) + 3),
    ];
    const frame = lines
      .slice(from - 1, to)
      .map((text, at) => {
        const line = from + at;
        return `${line >= start.line && line <= end.line ? ">" : " "}${String(line).padStart(4)} ${text}`;
      })
      .join("\n");
    const link = `https://github.com/${file.repository}/blob/${file.commit}/${encodeURI(file.path)}#L${start.line}`;
    const fix = finding.fix === undefined ? "" : ` Fix (${finding.fix.risk}): ${finding.fix.title}.`;
    return `## ${index + 1}. ${rule.name}\n\n${message}.${fix}\n\n[${file.repository} ${file.path}:${start.line}](${link})\n\n\`\`\`\`\n${frame}\n\`\`\`\`\n\nVerdict: \n`;
  });
  return `# ${drawn.length} findings to judge: right, wrong or debatable\n\n${parts.join("\n")}`;
}
