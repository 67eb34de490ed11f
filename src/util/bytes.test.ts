import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatBytes } from "./bytes.ts";
import { parseSize } from "./parse-size.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1 kB"],
  [1234, "1.2 kB"],
  [66_900, "67 kB"],
  [999_499, "999 kB"],
  [999_600, "1 MB"],
  [3_670_000, "3.7 MB"],
  [9_960_000, "10 MB"],
  [72_000_000, "72 MB"],
  [6_000_000_000, "6 GB"],
])("%i bytes are shown as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("a shown size is never wrong by more than its last digit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e15 }), (bytes) => {
      const shown = formatBytes(bytes);
      expect(shown).toMatch(/^(\d{1,3}|\d\.\d) (B|kB|MB|GB|TB|PB)$/);
      if (bytes > 0) expect(Math.abs(parseSizeOrPeta(shown) - bytes) / bytes).toBeLessThanOrEqual(0.0501);
    }),
  );
});

function parseSizeOrPeta(text: string): number {
  return text.endsWith(" PB") ? Number(text.slice(0, -3)) * 1e15 : parseSize(text);
}

test.each([
  ["4GB", 4_000_000_000],
  ["4G", 4_000_000_000],
  ["4 gb", 4_000_000_000],
  ["650MiB", 681_574_400],
  ["1.5k", 1500],
  ["512", 512],
  ["512B", 512],
  ["1TiB", 1024 ** 4],
])("%s is read as %i bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "0", "-1", "4XB", "GB", "1e3", "4GBs", "NaN", "99999999TB", "0.5", "4iB"])(
  "%j is refused as wrong usage",
  (text) => {
    expect(() => parseSize(text, "--split")).toThrowError(
      expect.objectContaining({
        code: "SIZE_INVALID",
        exitStatus: 2,
        message: expect.stringContaining("--split"),
      }),
    );
  },
);
