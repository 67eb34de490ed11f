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
