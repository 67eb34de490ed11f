import type { Compared, SetName } from "./expectations.ts";
import { topics, verdict } from "./judge.ts";

const titles: Readonly<Record<SetName, string>> = {
  tuned: "The repositories that the rules were made with",
  "half-a": "Half A: new ones whose mistakes were studied",
  "half-b": "Half B: new ones that were left aside until the end",
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
    "The rules were made while the first set was read, so its number is no promise. For a fair one 70 more repositories were chosen by kind, what is true of them was written down before the detectors ever saw them, and they were split in two by the hash of their names. `at first` is the number of the first run over a half, before any rule was made for it; half B was first run when the rules that half A asked for were done. The mistakes of half B were mended after that, so its `now` is no promise either.",
    "",
    "| set | repositories | right at first | right now | partly | wrong |",
    "|---|---:|---:|---:|---:|---:|",
    ...sets.map(([set, list]) => summaryOf(set, list)),
    "",
    "| fact, right now | tuned | half A | half B |",
    "|---|---:|---:|---:|",
    ...topics.map((topic) => {
      const cells = sets.map(([, list]) => {
        const judged = topic === "system" ? list.filter((one) => one.expected.system !== undefined) : list;
        return `${judged.filter(({ wrong }) => !wrong.includes(topic)).length} of ${judged.length}`;
      });
      return `| ${topic} | ${cells.join(" | ")} |`;
    }),
    ...sets.flatMap(([set, list]) => ["", `## ${titles[set]}`, "", ...tableOf(set, list)]),
    "",
  ].join("\n");
}

function summaryOf(set: SetName, list: readonly Compared[]): string {
  const share = (number: number): string => `${number} (${Math.round((100 * number) / list.length)} %)`;
  const count = (one: string): number => list.filter((each) => verdict(each) === one).length;
  const atFirst = set === "tuned" ? "" : share(list.filter((one) => one.atFirst === undefined).length);
  return `| ${set} | ${list.length} | ${atFirst} | ${share(count("right"))} | ${count("partly")} | ${count("wrong")} |`;
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
