/**
 * `node bench/init/detection.ts MIRRORS`: what `ddiff init` finds in public repositories beside what somebody found who read them
 * (bench/init/detection.json). Prints the table and writes docs/init-detection.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { detectIn } from "../../src/scaffold/detect.ts";
import type { Project } from "../../src/scaffold/project.ts";
import { mirroredFiles } from "./mirrored.ts";

/** What was read in a repository. */
interface Read {
  readonly repository: string;
  readonly commit: string;
  readonly kind: string;
  readonly expected: {
    /** Any of these. */
    readonly manager: readonly string[];
    /** `3.10`, a range `3.8-3.11` of what the project allows, or `any` where it needs none. */
    readonly python: string;
    /** All of these and no others; `*` where a collection has many. */
    readonly frameworks: readonly string[];
    /** Any of these: the kind, or kind and target; null where it answers no requests. */
    readonly serving: readonly (string | null)[];
    /** Any of these has to be the first of its purpose; none where the project is a library or only notebooks. */
    readonly entry: readonly string[];
  };
}

const topics = ["manager", "python", "frameworks", "serving", "entry"] as const;
type Topic = (typeof topics)[number];

interface Judged {
  readonly read: Read;
  /** What was found where it is not what was read. */
  readonly wrong: ReadonlyMap<Topic, string>;
  readonly found: Readonly<Record<Topic, string>>;
}

function judge(read: Read, project: Project): Judged {
  const { expected } = read;
  const found: Record<Topic, string> = {
    manager: project.manager.value,
    python: project.python.value,
    frameworks: project.frameworks.map(({ value }) => value.name).join(" ") || "none",
    serving: servingOf(project),
    entry: firstOfEach(project).slice(0, 3).join("; ") || "none",
  };
  const rights: Record<Topic, boolean> = {
    manager: expected.manager.includes(found.manager),
    python: isAllowed(expected.python, found.python),
    frameworks: expected.frameworks[0] === "*" || sameNames(expected.frameworks, project),
    serving: expected.serving.some((one) =>
      one === null ? found.serving === "none" : found.serving === one || found.serving.startsWith(`${one} `),
    ),
    entry: expected.entry.length === 0 || expected.entry.some((one) => firstOfEach(project).includes(one)),
  };
  const wrong = topics.filter((topic) => !rights[topic]).map((topic) => [topic, found[topic]] as const);
  return { read, wrong: new Map(wrong), found };
}

function servingOf({ serving }: Project): string {
  if (serving === undefined) return "none";
  return [serving.value.kind, serving.value.target].filter((one) => one !== undefined).join(" ");
}

/** The first entry point of each purpose: what is offered to the user. */
function firstOfEach({ entryPoints }: Project): string[] {
  const seen = new Set<string>();
  return entryPoints
    .filter(({ purpose }) => !seen.has(purpose) && seen.add(purpose))
    .map(({ command }) => command.join(" "));
}

function minor(version: string): number {
  return Number(version.split(".")[1]);
}

function isAllowed(expected: string, found: string): boolean {
  if (expected === "any") return true;
  const [from = "", to = from] = expected.split("-");
  return minor(found) >= minor(from) && minor(found) <= minor(to);
}

function sameNames(expected: readonly string[], project: Project): boolean {
  const names = project.frameworks.map(({ value }) => value.name).sort();
  return names.join(" ") === [...expected].sort().join(" ");
}

function verdict({ wrong }: Judged): "right" | "partly" | "wrong" {
  if (wrong.size === 0) return "right";
  return wrong.has("manager") || wrong.size > 2 ? "wrong" : "partly";
}

function page(judged: readonly Judged[]): string {
  const count = (one: string): number => judged.filter((each) => verdict(each) === one).length;
  const unseen = judged.filter(({ read }) => read.kind.endsWith("unseen"));
  const share = (number: number): string => `${Math.round((100 * number) / judged.length)} %`;
  const rows = judged.map((one) => {
    const { repository, commit, kind } = one.read;
    const off = [...one.wrong].map(([topic, found]) => `${topic}: \`${found}\``).join(", ");
    const entry = one.found.entry.split("; ")[0] ?? "";
    return `| [${repository}](https://github.com/${repository}/tree/${commit}) | ${kind} | ${one.found.manager} | ${one.found.python} | ${one.found.frameworks} | ${one.found.serving} | \`${entry}\` | ${verdict(one)}${off === "" ? "" : ` (${off})`} |`;
  });
  return [
    "# What `ddiff init` finds in public repositories",
    "",
    `${judged.length} repositories, each read to know which tool installs it, which Python it is for, which frameworks it needs, how it answers requests, what it starts. \`right\`: all five as read; \`partly\`: one or two of them not; \`wrong\`: the manager, or three and more. What was read stands in bench/init/detection.json, with the commit. \`node bench/init/detection.ts MIRRORS\` makes this page anew from a folder of mirrored repositories.`,
    "",
    "| | repositories | |",
    "|---|---:|---:|",
    ...["right", "partly", "wrong"].map((one) => `| ${one} | ${count(one)} | ${share(count(one))} |`),
    "",
    `The detectors were mended while these were read, but for the ${unseen.length} marked \`unseen\`, which were read and judged once at the end: ${unseen.filter((one) => verdict(one) === "right").length} of them right.`,
    "",
    "| fact | right | |",
    "|---|---:|---:|",
    ...topics.map((topic) => {
      const number = judged.filter(({ wrong }) => !wrong.has(topic)).length;
      return `| ${topic} | ${number} | ${share(number)} |`;
    }),
    "",
    "| repository | kind | manager | Python | frameworks | serving | first entry point | verdict |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function main(mirrors: string): void {
  const list = JSON.parse(readFileSync(join(import.meta.dirname, "detection.json"), "utf8")) as Read[];
  const judged: Judged[] = [];
  for (const read of list) {
    const mirrored = mirroredFiles(mirrors, read.repository, read.commit);
    if (mirrored === undefined) {
      process.stderr.write(`${read.repository}: no mirror\n`);
      continue;
    }
    const one = judge(read, detectIn(mirrored.files, read.repository.split("/")[1]));
    judged.push(one);
    const off = [...one.wrong].map(([topic, found]) => `${topic}: ${found}`).join(", ");
    process.stdout.write(`${verdict(one).padEnd(7)} ${read.repository} ${off}\n`);
  }
  const text = page(judged);
  process.stdout.write(text.split("\n").slice(4, 18).join("\n"));
  if (judged.length === list.length)
    writeFileSync(join(import.meta.dirname, "..", "..", "docs", "init-detection.md"), text);
}

const [mirrors] = process.argv.slice(2);
if (mirrors === undefined) {
  process.stderr.write("usage: node bench/init/detection.ts MIRRORS\n");
  process.exitCode = 2;
} else main(mirrors);
