import { printableLine } from "../../report/text.ts";
import type { DiveReport } from "../dive.ts";

const mostLines = 20;

/** dive's numbers for a person, under dive's own names. */
export function diveText(report: DiveReport): string {
  const { wastedBytes, inefficient } = report;
  const lines = [
    `efficiency:        ${percent(report.efficiency)}`,
    `wastedBytes:       ${wastedBytes} bytes`,
    `userWastedPercent: ${percent(report.wastedUserPercent)}`,
  ];
  if (inefficient.length === 0) return lines.join("\n");
  const width = Math.max(...inefficient.slice(0, mostLines).map(({ bytes }) => String(bytes).length));
  lines.push("", "paths that several layers hold, with the bytes of all of them:");
  for (const { path, count, bytes } of inefficient.slice(0, mostLines))
    lines.push(`${String(bytes).padStart(width)}  ${count} times  ${printableLine(path)}`);
  if (inefficient.length > mostLines) lines.push(`and ${inefficient.length - mostLines} more`);
  return lines.join("\n");
}

/** The same in half a line. */
export function diveHeadline({ efficiency, wastedBytes }: DiveReport): string {
  return `efficiency ${percent(efficiency)}, ${wastedBytes} wasted bytes`;
}

/** A share that nothing was there for is NaN in dive, and 0 to a person. */
function percent(share: number): string {
  return `${(100 * (Number.isNaN(share) ? 0 : share)).toFixed(4)} %`;
}

/** dive's numbers as its `--json` writes them under `image`, and the two that only its `--ci` tells. */
export function diveJson(report: DiveReport): object {
  return {
    image: {
      sizeBytes: report.sizeBytes,
      inefficientBytes: report.wastedBytes,
      efficiencyScore: report.efficiency,
      userSizeBytes: report.userSizeBytes,
      userWastedPercent: Number.isNaN(report.wastedUserPercent) ? 0 : report.wastedUserPercent,
      fileReference: report.inefficient.map(({ path, count, bytes }) => ({
        count,
        sizeBytes: bytes,
        file: path,
      })),
    },
  };
}
