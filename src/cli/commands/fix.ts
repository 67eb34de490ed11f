import type { LintResult } from "../../lint/lint.ts";
import { DdiffError } from "../../util/errors.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { lintOptionSpecs, readLintOptions } from "../lint-options.ts";
import { printable } from "../../report/text.ts";

const options = {
  "dry-run": { help: "show what would change and write nothing; exit status 1 where something would" },
  unsafe: { help: "also what may change what the build does beyond the finding" },
  ...lintOptionSpecs,
} as const;

export const fix = defineCommand({
  name: "fix",
  summary: "mend what lint finds",
  usage: ["fix [OPTIONS] [PATH...]", "fix --stdin [OPTIONS]"],
  description: [
    "Shows what it changes as a patch, and writes it. Formatting and comments stay; a fix that would leave a file that cannot be read, or that has no fewer findings, is left out. A second run changes nothing.",
    "With --stdin the mended file goes to standard output.",
  ],
  arguments: [{ name: "PATH", many: true, complete: "file", help: "files and folders" }],
  options,
  examples: [
    { text: "See it first", command: "ddiff fix --dry-run" },
    { text: "One file, one rule", command: "ddiff fix --rule pip-cache-kept Dockerfile" },
  ],
  async run(call) {
    const { lint } = await import("../../lint/lint.ts");
    const wanted = await readLintOptions(call);
    const result = await lint(wanted);
    if (wanted.stdin !== undefined) return fixInput(call, result);
    const { fixedLine, fixFiles, patchOf } = await import("../../lint/fix-files.ts");
    const write = !call.options["dry-run"];
    const fixed = await fixFiles(result.files, { unsafe: call.options.unsafe, write });
    const patches = fixed.map((file) => shown(patchOf(file), call));
    const summary = [fixedLine(fixed, write)];
    const unreadable = result.findings.filter((one) =>
      ["unreadable-file", "syntax-error"].includes(one.rule.name),
    );
    for (const one of unreadable) summary.push(`${one.path}: ${one.message}`);
    return {
      status: !write && fixed.length > 0 ? 1 : 0,
      json: {
        written: write,
        files: fixed.map((file) => ({
          path: file.path,
          mended: file.applied.map((one) => ({ rule: one.rule.name, title: one.fix?.title })),
          left: file.left,
          patch: patchOf(file),
        })),
      },
      ...(call.quiet || patches.length === 0
        ? { summary }
        : { answer: `${[...patches, "", ...summary.map(printable)].join("\n")}\n`, raw: true }),
    };
  },
});

/** The mended text alone, so that an editor can take it. */
async function fixInput(call: Call<typeof options>, { files }: LintResult): Promise<Outcome> {
  const [file] = files;
  const [problem] = file?.recheck === undefined ? (file?.findings ?? []) : [];
  if (file?.recheck === undefined) {
    throw new DdiffError("INPUT_UNREADABLE", problem?.message ?? "standard input cannot be read", {
      hint: "Give it a Dockerfile, a compose file or a .dockerignore, and its name with --stdin-filename.",
    });
  }
  const { fixFiles } = await import("../../lint/fix-files.ts");
  const [fixed] = await fixFiles(files, { unsafe: call.options.unsafe, write: false });
  const text = fixed?.after ?? file.text;
  const mended = fixed?.applied.map((one) => ({ rule: one.rule.name, title: one.fix?.title })) ?? [];
  const status = call.options["dry-run"] && fixed !== undefined ? 1 : 0;
  return {
    status,
    json: { text, mended, left: fixed?.left ?? file.findings.length },
    answer: text,
    raw: true,
  };
}

/** A patch for the screen, or, where it goes elsewhere, as `git apply` takes it. */
function shown(patch: string, { screen }: Call<typeof options>): string {
  if (!screen.terminal) return patch;
  const { paint } = screen;
  return patch
    .split("\n")
    .map((line) => {
      const text = printable(line.replace(/\r$/, ""));
      if (/^(?:---|\+\+\+) /.test(line)) return paint("bold", text);
      if (line.startsWith("@@")) return paint("cyan", text);
      if (line.startsWith("+")) return paint("green", text);
      return line.startsWith("-") ? paint("red", text) : text;
    })
    .join("\n");
}
