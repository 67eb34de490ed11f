import { describe, expect, test } from "vitest";
import type { Package, WasteFinding } from "../analysis.ts";
import { classChanges, packageChanges, savings } from "./changes.ts";

const share = { bytes: 100, files: 1 };
const pip = (name: string, version: string, home = "opt/venv"): Package => ({
  manager: "pip",
  name,
  version,
  home,
});

const change = (before: (Package & typeof share)[], after: (Package & typeof share)[]) =>
  packageChanges({ packages: before }, { packages: after }).map(({ name, before, after, bytes }) => [
    name,
    before?.version,
    after?.version,
    bytes,
  ]);

const classOf = (name: string, bytes: number) => ({
  name,
  title: name,
  risk: "safe" as const,
  why: "",
  edit: "",
  bytes,
  files: 1,
});

const finding = (kind: WasteFinding["kind"], name: string, bytes: number, layer = 1) => ({
  kind,
  name,
  title: `${kind} in layer ${layer}`,
  layer,
  bytes,
  files: 1,
  risk: "safe" as const,
  why: "",
  edit: "",
  largest: [],
});

describe("packages", () => {
  test("that are the same are left out; others come, go and change, the largest change first", () => {
    const before = [
      { ...pip("numpy", "1.26"), ...share },
      { ...pip("torch", "2.4"), ...share, bytes: 900 },
      { ...pip("old", "1"), ...share, bytes: 50 },
    ];
    const after = [
      { ...pip("numpy", "1.26"), ...share },
      { ...pip("torch", "2.5"), ...share, bytes: 870 },
      { ...pip("new", "1"), ...share, bytes: 40 },
    ];
    expect(change(before, after)).toEqual([
      ["old", "1", undefined, -50],
      ["new", undefined, "1", 40],
      ["torch", "2.4", "2.5", -30],
    ]);
  });

  test("with a new version of the same size have changed", () => {
    const [before, after] = [pip("a", "1"), pip("a", "2")].map((one) => [{ ...one, ...share }]);
    expect(change(before ?? [], after ?? [])).toEqual([["a", "1", "2", 0]]);
  });

  test("that moved to another environment or manager are the same, as long as that is certain", () => {
    const here = [{ ...pip("torch", "2.4", "opt/venv"), ...share }];
    const there = [{ ...pip("torch", "2.4", "app/.venv"), manager: "uv" as const, ...share }];
    expect(change(here, there)).toEqual([]);
    const twice = [...there, { ...pip("torch", "2.4", "srv/venv"), ...share }];
    expect(change(here, twice)).toEqual([
      ["torch", undefined, "2.4", 100],
      ["torch", undefined, "2.4", 100],
      ["torch", "2.4", undefined, -100],
    ]);
  });

  test("that one manager has in two versions under one name are one", () => {
    const two = [
      { ...pip("libc6", "1", ""), ...share },
      { ...pip("libc6", "2", ""), ...share },
    ];
    expect(change(two, two.slice(0, 1))).toEqual([["libc6", "1, 2", "1", -100]]);
  });
});

test("classes that are as large as before are left out", () => {
  const changes = classChanges(
    { classes: [classOf("pip-cache", 500), classOf("tests", 70), classOf("vcs", 9)] },
    { classes: [classOf("tests", 70), classOf("vcs", 19), classOf("headers", 600)] },
  );
  expect(changes.map(({ name, before, after, bytes }) => [name, before, after, bytes])).toEqual([
    ["headers", 0, 600, 600],
    ["pip-cache", 500, 0, -500],
    ["vcs", 9, 19, 10],
  ]);
});

test("what is gone of an estimate is what the other image's findings of that kind do not hold", () => {
  const before = [
    finding("class", "pip-cache", 500),
    finding("copied", "", 300, 1),
    finding("copied", "", 100, 3),
    finding("class", "tests", 20),
  ];
  const after = [
    finding("copied", "", 90, 2),
    finding("class", "tests", 25),
    finding("class", "apt-lists", 80),
  ];
  const rows = savings({ findings: before, classes: [] }, { findings: after });
  expect(rows.map(({ kind, name, estimated, measured }) => [kind, name, estimated, measured])).toEqual([
    ["class", "pip-cache", 500, 500],
    ["copied", "", 400, 310],
    ["class", "tests", 20, -5],
  ]);
});
