import type { RuleInfo } from "./rule.ts";

/** What the engine itself reports: people see, set and ignore it as they do rules. */
const own = {
  syntaxError: {
    name: "syntax-error",
    group: "syntax",
    severity: "error",
    aliases: ["DL1000"],
    meaning: "A file that cannot be read as what it is: builders and Compose refuse it.",
    why: "Nothing can be built from such a file. What stands before the mistake is checked as always; what comes after it is not, because it would be guesswork.",
    examples: [],
  },
  unreadableFile: {
    name: "unreadable-file",
    group: "syntax",
    severity: "error",
    aliases: [],
    meaning: "A file that was named or found and cannot be opened, is no text, or is larger than 4 MiB.",
    why: "A check that says nothing about a file it never saw would be mistaken for a good result. The other files are checked all the same.",
    examples: [],
  },
  internalError: {
    name: "internal-error",
    group: "syntax",
    severity: "error",
    aliases: [],
    meaning: "A rule that failed on a file; every other rule has run.",
    why: "This is a mistake in ddiff, not in the file. Report it with the file, and switch off the rule that is named until it is mended.",
    examples: [],
  },
  unusedIgnore: {
    name: "unused-ignore",
    group: "syntax",
    severity: "off",
    aliases: [],
    meaning: "A comment `# ddiff ignore=...` that silences nothing.",
    why: "It stays behind when what it excused was mended, and would hide the next mistake of its kind. Off by default, because a rule that only speaks with `--gpu` or in the strict profile makes a comment look unused.",
    examples: [],
  },
  ignoreWithoutReason: {
    name: "ignore-without-reason",
    group: "syntax",
    severity: "warning",
    aliases: [],
    meaning:
      "A comment `# ddiff ignore=...` that does not say why, where the configuration has `require-reason`.",
    why: "Whoever reads the file later cannot tell whether the exception still holds. Write it as `# ddiff ignore=RULE because REASON`.",
    examples: [],
  },
  shellcheck: {
    name: "shellcheck",
    group: "shell",
    severity: "warning",
    aliases: [],
    meaning:
      "What ShellCheck says about the scripts of RUN instructions, with `--shellcheck` and where it is installed.",
    why: "Scripts in a Dockerfile have the same mistakes as others: unquoted variables, unset ones, commands that fail unseen. Each finding names its code (`SC2086`), which ignores and the configuration can name too. Errors and warnings of ShellCheck are warnings here, the rest is information.",
    examples: [],
  },
} as const satisfies Record<string, RuleInfo>;

export const { syntaxError, unreadableFile, internalError, unusedIgnore, ignoreWithoutReason, shellcheck } =
  own;

/** All of them, for lists and for the configuration. */
export const engineRules: readonly RuleInfo[] = Object.values(own);
