import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { excludeEachOther, type ShellCommand } from "../../dockerfile/shell.ts";
import type { Range } from "../../dockerfile/text.ts";
import { instructionsOf } from "../knowledge/bases.ts";
import { packageCommands } from "../knowledge/installs.ts";
import { isMounted, isWithin } from "../knowledge/mounts.ts";
import { absoluteWord, folderOf, pathWords, shownPath } from "../knowledge/paths.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { type Written, writtenBy } from "../knowledge/written-files.ts";
import { defineRule, type LintContext } from "../rule.ts";

export const removedInLaterLayer = defineRule({
  kind: "dockerfile",
  name: "removed-in-later-layer",
  group: "layers",
  severity: "warning",
  aliases: [],
  meaning: "A RUN deletes what an earlier instruction of the same image put into its own layer.",
  why: "A layer is never changed by those above it: the later `rm` hides the files and adds an entry that says so, while the image carries and transfers them as before. Delete in the RUN that made the files, use a mount for what is only read, or do the work in a stage of which only the result is copied. In a trial image 161 MB of apt's lists stayed behind a later `rm` that way.",
  examples: [
    {
      bad: "FROM debian:12\nCOPY data.tar.gz /tmp/\nRUN mkdir /data && tar -xzf /tmp/data.tar.gz -C /data && rm /tmp/data.tar.gz\n",
      good: "FROM debian:12\nRUN --mount=type=bind,source=data.tar.gz,target=/tmp/data.tar.gz mkdir /data && tar -xzf /tmp/data.tar.gz -C /data\n",
    },
    {
      bad: "FROM debian:12\nRUN curl -fLO https://lab.example/weights.zip\nRUN unzip weights.zip\nRUN rm weights.zip\n",
      good: "FROM debian:12\nRUN curl -fLO https://lab.example/weights.zip && unzip weights.zip && rm weights.zip\n",
    },
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install -y git\nRUN rm -rf /var/lib/apt/lists/*\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\n",
    },
  ],
  check(file, report, context) {
    const done = new Set<Instruction>();
    for (const stage of shippedStages(file)) {
      const instructions = instructionsOf(stage);
      instructions.forEach((instruction, at) => {
        if (instruction.keyword !== "RUN" || done.has(instruction)) return;
        done.add(instruction);
        const all = removals(file, instruction, instructions.slice(0, at), context);
        const [first] = all;
        if (first === undefined) return;
        const held = all.filter(({ rm }) => !excludeEachOther(first.rm, rm));
        const waste = held.reduce((sum, one) => sum + (one.size ?? 0), 0);
        const more = held.length > 1 ? ` (and ${held.length - 1} more in this RUN)` : "";
        report({
          at: first.word,
          message: `rm hides ${first.what}, which stay${first.lists ? "" : "s"} in the layer of line ${first.line}${more}`,
          ...(waste > 0 && { waste }),
        });
      });
    }
  },
});

interface Held {
  rm: ShellCommand;
  /** What rm names. */
  word: Range;
  what: string;
  /** Whether it is apt's lists, which are several. */
  lists: boolean;
  line: number;
  size: number | undefined;
}

/** What the `rm` commands of a RUN delete though earlier layers hold it. */
function removals(
  file: Dockerfile,
  instruction: Instruction,
  earlier: readonly Instruction[],
  context: LintContext,
): Held[] {
  return readShell(file, instruction).flatMap((script) =>
    script.commands.flatMap((command) =>
      command.name === "rm"
        ? pathWords(command).flatMap(
            (word) => heldBy(file, { instruction, script, command }, word, earlier, context) ?? [],
          )
        : [],
    ),
  );
}

type Use = Parameters<typeof folderOf>[1];

function heldBy(
  file: Dockerfile,
  use: Use,
  word: Use["command"]["args"][number],
  earlier: readonly Instruction[],
  context: LintContext,
): Held | undefined {
  const { instruction, command: rm } = use;
  const state = file.before(instruction);
  const all = /\/(?:\*|\.\*)$/.test(word.value);
  const trimmed = { ...word, value: word.value.replace(/\/+\*$/, ""), literal: word.literal || all };
  const path = absoluteWord(trimmed, folderOf(file, use), state);
  if (path === undefined || path === "/" || isMounted(file, instruction, path)) return undefined;
  if (path === "/var/lib/apt/lists") return listsHeld(file, use, word, earlier);
  // What this RUN writes itself is deleted in time.
  if (writtenBy(file, instruction, context).some((one) => isWithin(one.path, path))) return undefined;
  for (const one of earlier.toReversed()) {
    const written = writtenBy(file, one, context).find(
      (item) =>
        isWithin(item.path, path) &&
        !(all && item.path === path) &&
        !isSmall(item) &&
        !removesItself(file, one, item.path),
    );
    if (written === undefined) continue;
    return { rm, word, what: shownPath(written.path), lists: false, line: one.line, size: written.size };
  }
  return undefined;
}

/** Whether the RUN that wrote a file has an `rm` for it too: then the layer has nothing of it. */
function removesItself(file: Dockerfile, instruction: Instruction, path: string): boolean {
  if (instruction.keyword !== "RUN") return false;
  const state = file.before(instruction);
  return readShell(file, instruction).some((script) =>
    script.commands.some(
      (command) =>
        command.name === "rm" &&
        pathWords(command).some((word) => {
          const gone = absoluteWord(word, folderOf(file, { instruction, script, command }), state);
          return gone !== undefined && isWithin(path, gone);
        }),
    ),
  );
}

function listsHeld(
  file: Dockerfile,
  { instruction, command: rm }: Use,
  word: Range,
  earlier: readonly Instruction[],
): Held | undefined {
  const refreshes = (one: Instruction): boolean =>
    one.keyword === "RUN" &&
    !isMounted(file, one, "/var/lib/apt/lists") &&
    packageCommands(file, one).some((command) => command.manager === "apt" && command.action === "refresh");
  if (refreshes(instruction)) return undefined;
  const cleans = (one: Instruction): boolean =>
    /\/var\/lib\/apt\/lists|dist-clean/.test(file.text.slice(one.start, one.end));
  const last = earlier.findLast(refreshes);
  if (last === undefined || cleans(last)) return undefined;
  const what = "the package lists of apt-get update";
  return { rm, word, what, lists: true, line: last.line, size: undefined };
}

/** Scripts and lists that are not worth a word. */
function isSmall({ path, size, by }: Written): boolean {
  if (size !== undefined) return size < 500_000;
  if (/(?:conda|mamba|miniforge|cuda|driver)[^/]*\.sh$/i.test(path)) return false;
  const text =
    /\.(?:sh|py|R|txt|key|gpg|asc|list|ya?ml|json|toml|template|cfg|conf|lock|in|md|pub|crt|pem|patch|repo|pref|j2|env|xml|ini)$/;
  return (
    text.test(path) ||
    ((by === "COPY" || by === "ADD") && !/\.(?:tar|gz|tgz|xz|bz2|zip|whl|deb|rpm|run|jar|bin)$/.test(path))
  );
}
