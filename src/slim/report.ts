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

/** Lines for a person: what goes and what it saves, the new layers, and the Dockerfile edits that would reach the same. */
export function planLines(plan: SlimPlan): string[] {
  const { analysis, selection } = plan;
  const report = reportPlan(plan);
  const saved = report.before.files - report.after.files;
  const edits = [...new Set(selection.done.map(({ layer, edit }) => `${stepOf(plan, layer)}: ${edit}`))];
  return [
    `${analysis.image.name}, ${report.platform}: ${formatBytes(report.before.files)} in ${report.before.layers} layers become ${formatBytes(report.after.files)} in ${report.after.layers}, ${formatBytes(saved)} less`,
    ...(selection.done.length === 0 ? [] : ["", "goes:", table(rowsOf(selection.done), [0])]),
    ...(selection.left.length === 0
      ? []
      : [
          "",
          "stays, and could go by --drop CLASS or another Dockerfile:",
          table(rowsOf(selection.left), [0]),
        ]),
    "",
    "new layers:",
    table(
      report.layers.map(({ title, bytes, files }) => [formatBytes(bytes), `${files} files`, title]),
      [0, 1],
    ),
    ...(edits.length === 0
      ? []
      : ["", "the same by the Dockerfile:", ...edits.slice(0, 20).map((edit) => `  ${edit}`)]),
  ];
}

function rowsOf(findings: readonly WasteFinding[]): string[][] {
  return findings.slice(0, 20).map((one) => [formatBytes(one.bytes), one.title]);
}

function stepOf({ analysis }: SlimPlan, layer: number): string {
  const step = analysis.layers[layer]?.step;
  if (step?.line !== undefined) return `${step.file}:${step.line}`;
  const text = step?.text ?? "";
  return text === ""
    ? `layer ${layer + 1}`
    : `layer ${layer + 1} (${text.length > 50 ? `${text.slice(0, 49)}…` : text})`;
}
