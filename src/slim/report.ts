import { formatBytes } from "../util/bytes.ts";
import type { WasteFinding } from "../inspect/analysis.ts";
import { table } from "../report/table.ts";
import type { SlimPlan } from "./slim.ts";

/** What `--plan --json` and the report of a finished run say of one platform. Sizes in bytes of content. */
export interface SlimReport {
  platform: string;
  before: { layers: number; tar: number; packed: number; files: number };
  after: { layers: number; files: number };
  gone: { kind: string; name: string; bytes: number; files: number; layer: number; edit: string }[];
  /** What could go by name or by another Dockerfile. */
  left: { kind: string; name: string; bytes: number; risk: string; edit: string }[];
  layers: { title: string; bytes: number; files: number }[];
}

/** Sums a plan up. */
export function reportPlan({ analysis, selection, layers }: SlimPlan): SlimReport {
  const after = layers.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    platform: analysis.image.platform,
    before: {
      layers: analysis.layers.length,
      tar: analysis.sizes.tar,
      packed: analysis.sizes.packed,
      files: analysis.sizes.visible + analysis.sizes.hidden,
    },
    after: { layers: layers.length, files: after },
    gone: selection.done.map(({ kind, name, bytes, files, layer, edit }) => ({
      kind,
      name,
      bytes,
      files,
      layer,
      edit,
    })),
    left: selection.left.map(({ kind, name, bytes, risk, edit }) => ({ kind, name, bytes, risk, edit })),
    layers: layers.map(({ title, bytes, paths }) => ({ title, bytes, files: paths.length })),
  };
}

/** Smaller findings are counted and not shown: nobody edits a Dockerfile for them. */
const worthTelling = 100_000;
const mostRows = 20;

/** Lines for a person: what goes and what it saves, what could go, the new layers, and the Dockerfile edits that would reach the same. */
export function planLines(plan: SlimPlan): string[] {
  const { analysis, selection } = plan;
  const report = reportPlan(plan);
  const saved = report.before.files - report.after.files;
  const edits = editsOf(plan);
  return [
    `${analysis.image.name}, ${report.platform}: ${formatBytes(report.before.files)} in ${report.before.layers} layers become ${formatBytes(report.after.files)} in ${report.after.layers}, ${formatBytes(saved)} less`,
    ...section(
      "goes:",
      rowsOf(selection.done, ({ title }) => [title]),
    ),
    ...section(
      "stays, and could go by --drop or by another Dockerfile:",
      rowsOf(selection.left, ({ kind, name, risk, title }) => [kind === "class" ? name : "-", risk, title]),
    ),
    ...section(
      "new layers:",
      report.layers.map(({ title, bytes, files }) => [formatBytes(bytes), counted(files), title]),
      [0, 1],
    ),
    ...(edits.length === 0 ? [] : ["", "the same by the Dockerfile:", ...edits]),
  ];
}

function counted(files: number): string {
  return files === 1 ? "1 file" : `${files} files`;
}

function section(title: string, rows: string[][], right: number[] = [0]): string[] {
  return rows.length === 0 ? [] : ["", title, table(rows, right)];
}

/** A row for each finding that is worth it, largest first; those of one class are one. */
function rowsOf(findings: readonly WasteFinding[], cells: (finding: WasteFinding) => string[]): string[][] {
  const groups = new Map<string, { finding: WasteFinding; bytes: number }>();
  for (const finding of findings) {
    const key = finding.kind === "class" ? `class ${finding.name}` : `${finding.kind} ${finding.title}`;
    const group = groups.get(key);
    groups.set(key, { finding, bytes: finding.bytes + (group?.bytes ?? 0) });
  }
  const sorted = [...groups.values()].sort((one, other) => other.bytes - one.bytes);
  const shown = sorted.filter(({ bytes }, i) => i < mostRows && (bytes >= worthTelling || i === 0));
  const rest = sorted.slice(shown.length);
  const rows = shown.map(({ finding, bytes }) => [formatBytes(bytes), ...cells(finding)]);
  if (rest.length === 0) return rows;
  const left = rest.reduce((sum, { bytes }) => sum + bytes, 0);
  const blanks = (rows[0]?.length ?? 2) - 2;
  return [
    ...rows,
    [formatBytes(left), ...Array.from({ length: blanks }, () => ""), `${rest.length} smaller ones`],
  ];
}

/** What to write in the Dockerfile, by its step, with the bytes that each edit saves. */
function editsOf(plan: SlimPlan): string[] {
  const edits = new Map<string, { step: string; edit: string; bytes: number }>();
  for (const { layer, edit, bytes } of plan.selection.done) {
    const step = stepOf(plan, layer);
    const known = edits.get(`${step} ${edit}`);
    edits.set(`${step} ${edit}`, { step, edit, bytes: bytes + (known?.bytes ?? 0) });
  }
  return [...edits.values()]
    .filter(({ bytes }) => bytes >= worthTelling)
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, mostRows)
    .flatMap(({ step, edit, bytes }) => [`${formatBytes(bytes)}  ${step}`, `    ${edit}`]);
}

function stepOf({ analysis }: SlimPlan, layer: number): string {
  const step = analysis.layers[layer]?.step;
  const text = step?.text ?? "";
  const short = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  if (step?.line !== undefined) return `${step.file}:${step.line}: ${short}`;
  return text === "" ? `layer ${layer + 1}` : `layer ${layer + 1}: ${short}`;
}
