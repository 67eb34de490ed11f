import type { Compared, SetName } from "./expectations.ts";
import { topics, verdict } from "./judge.ts";

const titles: Readonly<Record<SetName, string>> = {
  tuned: "The repositories that the rules were made with",
  "half-a": "Half A: new ones whose mistakes were studied",
  "half-b": "Half B: new ones that were run once, at the end",
};

/** The page that shows what was found in each repository beside what was read in it. */
export function pageOf(compared: ReadonlyMap<SetName, readonly Compared[]>): string {
  const sets = [...compared];
  const all = sets.flatMap(([, list]) => list);
  return [
    "# What `ddiff init` finds in public repositories",
    "",
    `${all.length} repositories, each read to know which tool installs it, which Python it is for, which frameworks it needs, how it answers requests, what it starts and, in the newer ones, what it needs of the system. \`right\`: every fact as read; \`partly\`: one or two of them not; \`wrong\`: the manager, or three and more. What was read stands in bench/init/expectations, with the commit. \`node bench/init/detection.ts MIRRORS\` makes this page anew from a folder of mirrored repositories.`,
    "",
    "The rules were made while the first set was read, so its number is no promise. For a fair one 70 more repositories were chosen by kind, what is true of them was written down before the detectors ever saw them, and they were split in two by the hash of their names. `at first` is the first run over a half, before any rule was made for it: half A was run first, then its mistakes were mended and 48 repositories more looked through by eye, and half B was run once after that. What half B showed was mended later, so its `now` is no promise either. **What to expect of a repository that ddiff never saw is the column `at first`.**",
    "",
    "| set | repositories | at first: right | partly | wrong | now: right | partly | wrong |",
    "|---|---:|---:|---:|---:|---:|---:|---:|",
    ...sets.map(([set, list]) => `| ${set} | ${list.length} | ${atFirst(set, list)} | ${verdictsOf(list)} |`),
    "",
    "| fact | half A at first | half B at first | tuned now | half A now | half B now |",
    "|---|---:|---:|---:|---:|---:|",
    ...topics.map((topic) => {
      const first = sets.flatMap(([set, list]) =>
        set === "tuned" ? [] : [rightIn(list.map(firstOf), topic)],
      );
      const now = sets.map(([, list]) => rightIn(list, topic));
      return `| ${[topic, ...first, ...now].join(" | ")} |`;
    }),
    "",
    "What is most often not found is what the project starts: a library whose folders hold scripts that look like its programs, several programs of which its authors mean another, a service that one file makes and another starts. Then come frameworks (one that is asked for beside the plain installation, by a group of an image or by a plugin in a folder) and the tool (tables of a tool that only steer it). `ddiff init` shows all of it before it writes, with the file that says so; `--manager`, `--framework`, `--python`, `--cuda`, `--serve`, `--train`, `--port`, `--source`, `--system`, `--without`, `--weights-folder` and `--data-folder` say otherwise.",
    "",
    "Five expectations of the tuned set were corrected after they were detected, when frameworks came to mean those that the plain installation has; a note says which. None of the halves was.",
    ...sets.flatMap(([set, list]) => ["", `## ${titles[set]}`, "", ...tableOf(set, list)]),
    "",
  ].join("\n");
}

/** A repository with what was not right when it was detected for the first time. */
function firstOf(one: Compared): Compared {
  return { ...one, wrong: topics.filter((topic) => one.atFirst?.includes(topic) === true) };
}

function atFirst(set: SetName, list: readonly Compared[]): string {
  return set === "tuned" ? " | | " : verdictsOf(list.map(firstOf));
}

/** The shares of right, partly right and wrong ones, as three cells. */
function verdictsOf(list: readonly Compared[]): string {
  const count = (one: string): number => list.filter((each) => verdict(each) === one).length;
  const share = (number: number): string => `${number} (${Math.round((100 * number) / list.length)} %)`;
  return ["right", "partly", "wrong"].map((one) => share(count(one))).join(" | ");
}

/** In how many repositories a fact is right, of those in which it was read. */
function rightIn(list: readonly Compared[], topic: (typeof topics)[number]): string {
  const judged = topic === "system" ? list.filter((one) => one.expected.system !== undefined) : list;
  return `${judged.filter(({ wrong }) => !wrong.includes(topic)).length} of ${judged.length}`;
}

function tableOf(set: SetName, list: readonly Compared[]): string[] {
  const isNew = set !== "tuned";
  return [
    `| repository | kind | manager | Python | frameworks | serving | first entry point |${isNew ? " at first |" : ""} now |`,
    `|---|---|---|---|---|---|---|${isNew ? "---|" : ""}---|`,
    ...list.map((one) => {
      const entry = one.found.entry.split("; ")[0] ?? "";
      const off = one.wrong.map((topic) => `${topic}: \`${one.found[topic]}\``).join(", ");
      const now = [verdict(one), off === "" ? "" : `(${off})`, one.note ?? ""].filter(Boolean).join(" ");
      const cells = [
        `[${one.repository}](https://github.com/${one.repository}/tree/${one.commit})`,
        one.kind,
        one.found.manager,
        one.found.python,
        one.found.frameworks,
        one.found.serving,
        `\`${entry}\``,
        ...(isNew ? [one.atFirst === undefined ? "right" : `not: ${one.atFirst.join(", ")}`] : []),
        now,
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}
