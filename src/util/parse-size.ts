import { DdiffError } from "./errors.ts";

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
