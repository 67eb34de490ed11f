import type { ShellCommand, ShellWord } from "../../dockerfile/shell.ts";
import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const unpinnedGem = defineRule({
  kind: "dockerfile",
  name: "unpinned-gem",
  group: "packages",
  severity: "off",
  aliases: ["DL3028"],
  meaning: "gem installs a package without saying which version.",
  why: "The next release may need another Ruby than the image has. Off by default, as are all rules about versions.",
  examples: [
    {
      bad: "FROM ruby:3.3\nRUN gem install bundler\n",
      good: "FROM ruby:3.3\nRUN gem install bundler:2.5.10\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, "gem")) {
      const loose = gemsOf(command).find(({ value }) => !/[:$]/.test(value));
      if (loose !== undefined)
        report({
          at: loose,
          message: `${loose.value} may be another version in the next build (name:version says which)`,
        });
    }
  },
});

const switches = new Set(
  "--no-document --no-doc --no-ri --no-rdoc -N --conservative --minimal-deps -q --quiet -f --force -V --verbose".split(
    " ",
  ),
);

function gemsOf({ args }: ShellCommand): ShellWord[] {
  const gems: ShellWord[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at];
    // What follows is for the extension's own build.
    if (word === undefined || word.value === "--") break;
    if (/^(?:-v|--version)(?:=|$)/.test(word.value)) return [];
    // Of an option that is not known the next word may be the value.
    if (!word.value.startsWith("-")) gems.push(word);
    else if (!switches.has(word.value) && !word.value.includes("=")) at += 1;
  }
  const [subcommand, ...rest] = gems;
  return subcommand?.value === "install" || subcommand?.value === "i" ? rest : [];
}
