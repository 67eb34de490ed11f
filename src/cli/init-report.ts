import type { InitPlan, WrittenFile } from "../scaffold/init.ts";
import { needsConsent } from "../scaffold/init.ts";
import type { FileState, PlannedFile } from "../scaffold/write.ts";
import { formatBytes } from "../util/bytes.ts";
import { table } from "../report/table.ts";
import { printable } from "../report/text.ts";

type Paint = (style: "red" | "green" | "yellow" | "cyan" | "bold" | "dim", text: string) => string;

const states: Readonly<Record<FileState, string>> = {
  new: "new",
  same: "unchanged",
  ours: "to be updated",
  changed: "changed by you",
  foreign: "not written by ddiff",
  yours: "yours, left alone",
};

/** What was found and decided, each with its reason. */
export function reasonsText(plan: InitPlan, paint: Paint): string {
  const rows = plan.reasons.map((one) => [one.topic, one.value, one.because].map(oneLine));
  const widths = [0, 1].map((at) => Math.max(...rows.map((row) => Math.min(row[at]?.length ?? 0, 60))));
  return rows
    .map(([topic = "", value = "", because = ""]) => {
      const left = `${topic.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}`;
      return `${left}  ${paint("dim", because)}`.trimEnd();
    })
    .join("\n");
}

/** What says otherwise, where no question follows. */
export const overridesText =
  "Where that is not so: --manager, --framework, --source, --system, --without, --weights-folder, --data-folder say otherwise.";

/** The files with their sizes and how they stand; after writing, what became of them. */
export function filesText(files: readonly (PlannedFile | WrittenFile)[]): string {
  return table(
    files.map((one) => [oneLine(one.path), formatBytes(Buffer.byteLength(one.text)), stateText(one)]),
    [1],
  );
}

/** The answers that are others than at the last run. */
export function changesText(plan: InitPlan): string {
  return plan.changed.map((one) => oneLine(`${one.name}: ${one.before} -> ${one.after}`)).join("\n");
}

/** "7 files written, 1 unchanged" */
export function closingLines(written: readonly WrittenFile[], stale: readonly string[]): string[] {
  const count = (done: WrittenFile["done"]) => written.filter((one) => one.done === done).length;
  const left = written.filter((one) => one.done === "left" && needsConsent(one));
  const parts = [
    `${count("written")} ${count("written") === 1 ? "file" : "files"} written`,
    ...(count("unchanged") === 0 ? [] : [`${count("unchanged")} unchanged`]),
    ...(left.length === 0 ? [] : [`${left.length} left as ${left.length === 1 ? "it is" : "they are"}`]),
  ];
  return [
    ...stale.map((path) => `${path} is not written any more: delete it when nobody needs it`),
    ...(left.length === 0
      ? []
      : [
          `left: ${left.map((one) => one.path).join(", ")}; --force overwrites, --dry-run shows the difference, "yours" in ddiff.yaml keeps`,
        ]),
    parts.join(", "),
  ];
}

/** A patch for the screen in colours; where it goes elsewhere, as `git apply` takes it. */
export function patchText(patch: string, screen: { terminal: boolean; paint: Paint }): string {
  if (!screen.terminal) return patch;
  return patch
    .split("\n")
    .map((line) => {
      const text = printable(line.replace(/\r$/, ""));
      if (/^(?:---|\+\+\+) /.test(line)) return screen.paint("bold", text);
      if (line.startsWith("@@")) return screen.paint("cyan", text);
      if (line.startsWith("+")) return screen.paint("green", text);
      return line.startsWith("-") ? screen.paint("red", text) : text;
    })
    .join("\n");
}

function stateText(file: PlannedFile | WrittenFile): string {
  if (!("done" in file)) return states[file.state];
  if (file.done === "written") return file.state === "new" ? "written" : "updated";
  return states[file.state];
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, " "));
}
