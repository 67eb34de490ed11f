import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "./results.ts";

/** What the README shows: the pairs that people meet most, in their words. */
const shown: readonly [pair: string, words: string][] = [
  ["a", "same Dockerfile, rebuilt without cache"],
  ["d", "PyTorch application, code changed, CI without cache"],
  ["c", "security fixes in the base image"],
  ["e", "patch release of a native library"],
  ["b", "one more Debian package (scipy) in the same RUN"],
];

const file = join(import.meta.dirname, "..", "docs", "saving.svg");
const [labelX, width, full] = [16, 760, 480];

/** Draws docs/saving.svg from the kept results: what a registry sends, and what ddiff does. */
export function drawSaving(results: readonly Result[]): void {
  const rows: string[] = [];
  let y = 52;
  for (const [pair, words] of shown) {
    const result = ddiffResult(results, pair);
    if (result?.bytes === undefined) continue;
    rows.push(`<text x="${labelX}" y="${y}" class="what">${words}</text>`);
    rows.push(
      bar(y + 8, "layers", result.registryBytes, 1),
      bar(y + 26, "ddiff", result.bytes, result.bytes / result.registryBytes),
    );
    y += 66;
  }
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y - 12}" role="img" aria-label="Bytes to carry: layers against ddiff">`,
    "<style>text{font:13px system-ui,sans-serif;fill:#57606a}.what{font-weight:600}.title{font-size:15px;font-weight:600}.layers{fill:#afb8c1}.ddiff{fill:#1a7f37}</style>",
    `<rect width="${width}" height="${y - 12}" rx="6" fill="#ffffff"/>`,
    `<text x="${labelX}" y="26" class="title">Bytes to carry: missing layers (grey), ddiff (green)</text>`,
    ...rows,
    "</svg>",
  ];
  writeFileSync(file, `${svg.join("\n")}\n`);
}

function bar(y: number, kind: string, bytes: number, share: number): string {
  const length = Math.max(1, full * share);
  const text = `<text x="${(labelX + length + 8).toFixed(0)}" y="${y + 12}">${amount(bytes)}</text>`;
  return `<rect class="${kind}" x="${labelX}" y="${y}" width="${length.toFixed(1)}" height="15" rx="2"/>${text}`;
}

function amount(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;
}

function ddiffResult(results: readonly Result[], pair: string): Result | undefined {
  return results.find((result) => result.pair === pair && result.peer === "ddiff");
}
