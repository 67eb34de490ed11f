import type { ShellCommand, ShellWord } from "../../dockerfile/shell.ts";
import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

/** Options of go that take the next word. */
const valued = new Set(
  "-C -p -o -mod -modfile -tags -ldflags -gcflags -asmflags -buildmode -buildvcs -compiler -exec -overlay -pkgdir -toolexec".split(
    " ",
  ),
);

export const unpinnedGo = defineRule({
  kind: "dockerfile",
  name: "unpinned-go",
  group: "packages",
  severity: "off",
  aliases: ["DL3062"],
  meaning: "go installs or runs a package without saying which version.",
  why: "Without a version, or with `@latest`, it is the newest release in each build. Off by default, as are all rules about versions.",
  examples: [
    {
      bad: "FROM golang:1.25\nRUN go install github.com/org/tool@latest\n",
      good: "FROM golang:1.25\nRUN go install github.com/org/tool@v1.4.0\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, "go")) {
      const loose = packagesOf(command).find(({ value }) => !isPinned(value));
      if (loose !== undefined)
        report({
          at: loose,
          message: `${loose.value} may be another version in the next build (name@version says which)`,
        });
    }
  },
});

function packagesOf({ args }: ShellCommand): ShellWord[] {
  const words: ShellWord[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at];
    if (word === undefined) break;
    if (valued.has(word.value)) at += 1;
    else if (!word.value.startsWith("-")) words.push(word);
  }
  const [subcommand, ...rest] = words;
  if (subcommand?.value === "run") return rest.slice(0, 1);
  if (subcommand?.value !== "install" && subcommand?.value !== "get") return [];
  return rest.filter((word) => word.value !== "tool");
}

function isPinned(name: string): boolean {
  return /^[./]|\.go$|\$/.test(name) || (name.includes("@") && !/@(?:latest|none)$/.test(name));
}
