import { DdiffError } from "./errors.ts";

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB"];

/**
 * A number of bytes for a person, in SI units (1 MB = 1,000,000 bytes) as package managers and registries show them:
 * `0 B`, `67 kB`, `3.7 MB`, `72 MB`. Two digits are kept where the unit alone would leave one.
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999,600 bytes round to "1000 kB": such a number goes up to the next unit.
  while (roundForUnit(value, unit) >= 1000 && unit < decimalUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${roundForUnit(value, unit)} ${decimalUnits[unit]}`;
}

function roundForUnit(value: number, unit: number): number {
  return unit > 0 && value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value);
}

const sizePattern = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?$/i;
const powers: Record<string, number> = { k: 1, m: 2, g: 3, t: 4 };

/**
 * Reads a size that a person wrote, in bytes: `4GB` and `4G` are 4,000,000,000, `650MiB` is 681,574,400, `512` is 512.
 * `what` names the option in the error. Throws `SIZE_INVALID` (exit status 2), also for zero.
 */
export function parseSize(text: string, what = "size"): number {
  const match = sizePattern.exec(text.trim());
  const power = powers[match?.[2]?.toLowerCase() ?? ""] ?? 0;
  const size = match === null ? 0 : Math.floor(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
  if (size > 0 && Number.isSafeInteger(size)) return size;
  throw new DdiffError("SIZE_INVALID", `${what} is not a size: ${JSON.stringify(text)}`, {
    hint: "Write a number with a unit, for example 4GB, 650MiB or 700000000.",
    exitStatus: 2,
  });
}
