import { posix } from "node:path";
import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { excludeEachOther, type ShellWord } from "../../dockerfile/shell.ts";
import { appendCommand, asUser } from "../knowledge/append-command.ts";
import { removes } from "../knowledge/caches.ts";
import { type Download, downloadsOf } from "../knowledge/downloads.ts";
import { isMounted, isWithin } from "../knowledge/mounts.ts";
import { shownPath, unknownFolder } from "../knowledge/paths.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule, type Edit } from "../rule.ts";

/** What is unpacked or run once. */
const spent =
  /\.(?:tar|tar\.\w+|tgz|tbz2?|txz|gz|bz2|xz|zst|zip|7z|deb|rpm|run|whl)$|(?:conda|mamba|miniforge|micromamba|cuda|driver)[^/]*\.sh$/i;
const users = new Set(
  "tar unzip gunzip bunzip2 unxz 7z 7za dpkg apt apt-get rpm dnf yum microdnf pip pip3 sh bash".split(" "),
);

export const downloadLeft = defineRule({
  kind: "dockerfile",
  name: "download-left",
  group: "layers",
  severity: "warning",
  aliases: [],
  meaning: "A RUN downloads an archive or installer, unpacks it, and leaves it in the layer.",
  why: "The image then holds the thing twice, packed and unpacked: a Miniforge installer is 80 to 150 MB, a CUDA runfile 3 to 4 GB. Remove it in the same RUN, or send it through a pipe (`curl ... | tar xz`), so that it never is a file.",
  examples: [
    {
      bad: "FROM debian:12\nRUN curl -fsSLo /tmp/miniforge.sh https://lab.example/Miniforge3.sh && bash /tmp/miniforge.sh -b -p /opt/conda\n",
      good: "FROM debian:12\nRUN curl -fsSLo /tmp/miniforge.sh https://lab.example/Miniforge3.sh && bash /tmp/miniforge.sh -b -p /opt/conda && rm /tmp/miniforge.sh\n",
      fixed:
        "FROM debian:12\nRUN curl -fsSLo /tmp/miniforge.sh https://lab.example/Miniforge3.sh && bash /tmp/miniforge.sh -b -p /opt/conda && rm /tmp/miniforge.sh\n",
    },
    {
      bad: "FROM debian:12\nWORKDIR /opt\nRUN wget https://lab.example/models.tar.gz \\\n    && tar xzf models.tar.gz\n",
      good: "FROM debian:12\nWORKDIR /opt\nRUN wget -qO- https://lab.example/models.tar.gz | tar xz\n",
      fixed:
        "FROM debian:12\nWORKDIR /opt\nRUN wget https://lab.example/models.tar.gz \\\n    && tar xzf models.tar.gz \\\n    && rm models.tar.gz\n",
    },
  ],
  check(file, report) {
    const downloads = downloadsOf(file);
    if (downloads.length === 0) return;
    const shipped = shippedStages(file);
    const left = new Map<Instruction, Left[]>();
    for (const one of downloads) {
      const { path, instruction, script, name } = one;
      const stage = file.stages[instruction.stage];
      if (path === undefined || stage === undefined || !shipped.has(stage) || instruction.keyword !== "RUN")
        continue;
      if (!spent.test(name) || /keyring/.test(name) || isMounted(file, instruction, path)) continue;
      const after = script.commands.filter((command) => command.start > one.command.start);
      const [use] = after.flatMap((command) => {
        const word = command.args.find(({ value }) => endsWithName(value, name));
        return word !== undefined && users.has(command.name) ? [{ user: command.name, word }] : [];
      });
      if (use === undefined || isTaken(one)) continue;
      // A later mention means that it is still wanted, or taken away too late, which is a finding of its own.
      if (file.text.slice(instruction.end).includes(name)) continue;
      const list = left.get(instruction);
      if (list === undefined) left.set(instruction, [{ one, path, ...use }]);
      else list.push({ one, path, ...use });
    }
    for (const list of left.values()) {
      const [first] = list;
      if (first === undefined) continue;
      const edit = removal(file, list);
      const together = list.filter(({ one }) => !excludeEachOther(first.one.command, one.command)).length;
      const more = together > 1 ? ` (and ${together - 1} more in this RUN)` : "";
      report({
        at: first.one.command,
        message: `${first.one.name} stays in the layer after ${first.user} has used it${more}`,
        ...(edit !== undefined && {
          fix: { title: "remove it in the same RUN", risk: "safe", edits: [edit] },
        }),
      });
    }
  },
});

interface Left {
  one: Download;
  path: string;
  user: string;
  /** What the user was given for it. */
  word: ShellWord;
}

function removal(file: Dockerfile, list: readonly Left[]): Edit | undefined {
  const script = list[0]?.one.script;
  if (script === undefined || script.commands.some((command) => command.depth > 0)) return undefined;
  // A path that is relative is only good where no cd comes between.
  const relative = list.some(({ path }) => path.startsWith(unknownFolder));
  if (relative && script.commands.some((command) => command.name === "cd")) return undefined;
  const sudo = list.map(({ one }) => asUser(one.command)).find((one) => one !== "") ?? "";
  return appendCommand(file, script, `${sudo}rm ${list.map(nameOf).join(" ")}`);
}

/** The file with the variables that name it: written out, it would be another one with the next version. */
function nameOf({ one, path, word }: Left): string {
  // As long as nothing changes the folder any more, the short name is good whatever folder it is.
  const stays = one.script.commands.every(
    (command) => command.start < word.start || !/^(?:cd|pushd|popd)$/.test(command.name),
  );
  if (stays && !word.value.includes("/")) return word.raw;
  const shown = shownPath(path);
  if (!word.raw.includes("$")) return shown;
  if (word.value.startsWith("/")) return word.raw;
  const folder = shown.includes("/") ? `${posix.dirname(shown)}/` : "";
  const name = posix.basename(word.raw.replaceAll('"', ""));
  return word.raw.includes('"') ? `"${folder}${name}"` : `${folder}${name}`;
}

function endsWithName(value: string, name: string): boolean {
  return value === name || value.endsWith(`/${name}`);
}

/** Whether the same RUN removes or moves it, or everything around it. */
function isTaken({ path = "", name, script, command }: Download): boolean {
  const pattern = (value: string): boolean => {
    const last = value.split("/").at(-1) ?? "";
    if (!/[*?]/.test(last)) return false;
    const text = last
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*+/g, ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${text}$`).test(name);
  };
  return script.commands.some(
    (one) =>
      one.start > command.start &&
      ((/^(?:rm|mv|unlink|find|shred)$/.test(one.name) &&
        (one.args.some(({ value }) => endsWithName(value, name) || pattern(value)) ||
          removes(one, path) ||
          one.args.some(
            ({ value }) => value.startsWith("/") && isWithin(path, value.replace(/\/+\*?$/, "")),
          ))) ||
        // gunzip and the like put the unpacked file in its place.
        /^(?:gunzip|bunzip2|unxz)$/.test(one.name) ||
        // Relative removals after a cd are not followed.
        (one.name === "rm" && one.args.some(({ value }) => /^(?:\.|\.\.|\*|\$.*)$/.test(value)))),
  );
}
