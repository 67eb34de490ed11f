import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Analysis, Package, Risk, Share, Step, WasteFinding } from "../analysis.ts";

/** The surest first. */
export const risks: readonly Risk[] = ["safe", "check", "risky"];

/** What all findings of an analysis would save, in bytes, by how sure that is. */
export interface Savings {
  safe: number;
  check: number;
  risky: number;
}

/** Adds the findings up; no byte is in two of them. */
export function savingsOf(findings: readonly WasteFinding[]): Savings {
  const savings: Savings = { safe: 0, check: 0, risky: 0 };
  for (const { risk, bytes } of findings) savings[risk] += bytes;
  return savings;
}

/** "1.3 GB of 2.9 GB could go safely, 150 kB more with a check". */
export function headline({ sizes, findings }: Analysis): string {
  const { safe, check, risky } = savingsOf(findings);
  const all = formatBytes(contentOf(sizes));
  if (safe + check + risky === 0) return `nothing of ${all} is waste`;
  const more = [
    ...(check === 0 ? [] : [`${formatBytes(check)} more with a check`]),
    ...(risky === 0 ? [] : [`${formatBytes(risky)} more at a risk`]),
  ];
  const first =
    safe === 0 ? `nothing of ${all} could go safely` : `${formatBytes(safe)} of ${all} could go safely`;
  return [first, ...more].join(", ");
}

/** "6 layers, 1.3 GB packed, 2.9 GB of files; 509 MB of them no container sees". */
export function sizesLine({ sizes, layers }: Analysis): string {
  const unseen = sizes.hidden === 0 ? "" : `; ${formatBytes(sizes.hidden)} of them no container sees`;
  return `${plural(layers.length, "layer")}, ${formatBytes(sizes.packed)} packed, ${formatBytes(contentOf(sizes))} of files${unseen}`;
}

/** Bytes of all files that travel. */
export function contentOf(sizes: Analysis["sizes"]): number {
  return sizes.visible + sizes.hidden;
}

/** The step whose line is to be changed: of a copy the step that copies, else the one that writes the bytes. */
export function stepToEdit({ layers }: Analysis, finding: WasteFinding): Step | undefined {
  const number = finding.kind === "copied" ? (finding.by ?? finding.layer) : finding.layer;
  return layers[number]?.step;
}

/** `Dockerfile:14`, or `layer 3` where the line is not known. */
export function stepName(
  step: { line?: number | undefined; file?: string | undefined } | undefined,
  layer: number,
): string {
  return step?.line === undefined ? `layer ${layer}` : `${step.file ?? "Dockerfile"}:${step.line}`;
}

/** `torch 2.4.1`. */
export function packageName({ name, version }: Package): string {
  return version === "" ? name : `${name} ${version}`;
}

/** `pip in opt/venv/lib/python3.11/site-packages`, or `dpkg`; nothing for what is in no package. */
export function packageHome({ manager, home }: Package): string {
  if (manager === "none") return "";
  return home === "" ? manager : `${manager} in /${home}`;
}

/** How many findings of each risk a report has room for. */
export type Room = Record<Risk, number>;

/** The largest findings of each risk, the surest first, and what the others are together. */
export function surestFirst(
  findings: readonly WasteFinding[],
  room: Room,
): { shown: WasteFinding[]; rest: Share & { count: number } } {
  const parts = risks.map((risk) =>
    largest(
      findings.filter((one) => one.risk === risk),
      room[risk],
    ),
  );
  return {
    shown: parts.flatMap((part) => part.shown),
    rest: {
      count: parts.reduce((sum, { rest }) => sum + rest.count, 0),
      bytes: parts.reduce((sum, { rest }) => sum + rest.bytes, 0),
      files: parts.reduce((sum, { rest }) => sum + rest.files, 0),
    },
  };
}

/** The largest `most`, and what the others are together. */
export function largest<Item extends Share>(
  items: readonly Item[],
  most: number,
): { shown: Item[]; rest: Share & { count: number } } {
  const sorted = [...items].sort((one, other) => other.bytes - one.bytes);
  const left = sorted.slice(most);
  return {
    shown: sorted.slice(0, most),
    rest: {
      count: left.length,
      bytes: left.reduce((sum, one) => sum + one.bytes, 0),
      files: left.reduce((sum, one) => sum + one.files, 0),
    },
  };
}
