import { expect, it } from "vitest";
import type { Finding } from "./finding.ts";
import { mostTelling } from "./most-telling.ts";

const finding = (rule: string, severity: Finding["severity"], line: number, waste?: number) =>
  ({
    rule: { name: rule },
    severity,
    at: { start: line * 10, end: line * 10 + 5 },
    ...(waste === undefined ? {} : { waste }),
  }) as Finding;
const names = (findings: readonly Finding[]) =>
  findings.map((one) => `${one.rule.name}@${one.at.start / 10}`);

it("few findings are all shown", () => {
  const all = [finding("a", "info", 1), finding("a", "info", 2)];
  expect(mostTelling(all, 2)).toBe(all);
});

it("of many the worst are shown, each rule once before any twice, the wasteful first, in the order of their places", () => {
  const all = [
    finding("style", "info", 1),
    finding("style", "info", 2),
    finding("other", "info", 3),
    finding("cache", "warning", 4),
    finding("cache", "warning", 5),
    finding("small", "info", 6, 1),
    finding("large", "info", 7, 1000),
    finding("broken", "error", 8),
  ];
  expect(names(mostTelling(all, 3))).toEqual(["cache@4", "cache@5", "broken@8"]);
  expect(names(mostTelling(all, 5))).toEqual(["cache@4", "cache@5", "small@6", "large@7", "broken@8"]);
  expect(names(mostTelling(all, 7))).toEqual([
    "style@1",
    "other@3",
    "cache@4",
    "cache@5",
    "small@6",
    "large@7",
    "broken@8",
  ]);
});
