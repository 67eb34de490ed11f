import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../oci/digest.ts";
import type { Part, Usage, UsedContainer, UsedImage } from "../../places/usage/usage.ts";
import { duJson } from "../reports/du-json.ts";
import { duJsonSchema } from "../reports/du-schema.ts";
import { duHtml } from "../reports/html/du.ts";
import { duTerminal } from "../reports/du-terminal.ts";
import { accountOf } from "./account.ts";
import { groupsOf } from "./groups.ts";
import { danglingOf, removalOf } from "./removal.ts";
import type { DiskReport } from "./report.ts";

const plain = { width: 100, printable: (text: string) => text, paint: (_: string, text: string) => text };

/** A part that costs as many bytes as the number behind its letter: `a100`. */
function part(id: string, kind: Part["kind"] = "layer"): Part {
  return { id, kind, cost: { disk: Number(id.slice(1)) } };
}

function image(names: string[], parts: string[], labels: Record<string, string> = {}): UsedImage {
  return {
    id: digestOf(Buffer.from(`${names.join()} ${parts.join()}`)),
    names,
    labels: new Map(Object.entries(labels)),
    parts: new Set(parts),
    platforms: [],
    open: () => Promise.reject(new Error("nobody looks inside")),
  };
}

function container(name: string, own: string, below: string[]): UsedContainer {
  return {
    id: name,
    name,
    image: "any",
    running: false,
    own: new Set([own]),
    parts: new Set([own, ...below]),
  };
}

function usage(images: UsedImage[], containers: UsedContainer[] = [], more: Part[] = []): Usage {
  const ids = new Set(images.flatMap(({ parts }) => [...parts]));
  const below = new Set(containers.flatMap(({ parts }) => [...parts]));
  const own = new Set(containers.flatMap((one) => [...one.own]));
  const parts = [...new Set([...ids, ...below])].map((id) => part(id, own.has(id) ? "container" : "layer"));
  return {
    label: "docker-daemon:",
    name: "Docker",
    measure: "disk",
    parts: new Map([...parts, ...more].map((one) => [one.id, one])),
    images,
    containers,
    volumes: [],
    notes: [],
  };
}

function reportOf(one: Usage): DiskReport {
  return { places: [accountOf(one)], groups: [], plans: [], notes: one.notes };
}

describe("what an image costs", () => {
  test("is what it needs, of that what no other needs, and what its removal gives back", () => {
    const { images, purposes, shared } = accountOf(
      usage(
        [image(["a:1"], ["l100", "l20"]), image(["b:1"], ["l100", "l3"])],
        [container("web", "w7", ["l100", "l3"])],
        [part("c40", "cache"), part("r2", "rest")],
      ),
    );
    expect(images.map(({ bytes, unique, freed }) => [bytes, unique, freed])).toEqual([
      [120, 20, 20],
      [103, 3, 0],
    ]);
    expect(images[1]?.containers.map(({ name }) => name)).toEqual(["web"]);
    expect(shared).toBe(100);
    expect(purposes).toEqual({ images: 123, containers: 7, orphaned: 0, cache: 40, rest: 2 });
  });

  test("of a removed image's container its layers are counted as orphaned", () => {
    const { containers, purposes } = accountOf(usage([], [container("left", "w1", ["l50", "l9"])]));
    expect(containers[0]).toMatchObject({ bytes: 1, orphaned: 59 });
    expect(purposes).toMatchObject({ containers: 1, orphaned: 59 });
  });
});

describe("a removal", () => {
  const one = image(["a:1", "a:latest"], ["l100", "l20"]);
  const other = image(["b:1"], ["l100", "l3"]);
  const nameless = image([], ["l100", "l5"]);
  const place = accountOf(usage([one, other, nameless]));

  test.each([
    [["a:1"], 0, []],
    [["a:1", "a:latest"], 20, [one]],
    [["a", "docker-daemon:a:1"], 20, [one]],
    [[one.id.slice(7, 19), "b:1"], 23, [one, other]],
    [["a:1", "a", "b:1", nameless.id], 128, [one, other, nameless]],
  ])("of %s frees %d bytes", (names, freed, gone) => {
    const [removal] = removalOf([place], names);
    expect([removal?.freed, removal?.gone]).toEqual([freed, gone]);
  });

  test("of an image that is nowhere is an error", () => {
    expect(() => removalOf([place], ["c:1"])).toThrow("c:1");
  });

  test("of images without a name is weighed by itself", () => {
    expect(danglingOf(place).freed).toBe(5);
  });
});

describe("images together", () => {
  const place = accountOf(
    usage([
      image(["alice/train:1"], ["l100", "l1"], { team: "x" }),
      image(["alice/train:2", "localhost:5000/alice/train:2"], ["l100", "l2"]),
      image(["serve:1"], ["l100", "l4"], { maintainer: "bob", team: "x" }),
    ]),
  );

  test("by user go by labels, then by the folder of the name", () => {
    expect(groupsOf(place, { by: "user" })).toEqual(
      [
        { name: "bob", images: 1, bytes: 104, unique: 4, shared: 100 },
        { name: "alice", images: 2, bytes: 103, unique: 3, shared: 100 },
      ].sort((a, b) => b.bytes - a.bytes),
    );
  });

  test("by repository and by label", () => {
    expect(groupsOf(place, { by: "repository" }).map(({ name }) => name)).toEqual([
      "serve",
      "alice/train",
      "localhost:5000/alice/train",
    ]);
    expect(groupsOf(place, { by: "label", key: "team" }).map(({ name, bytes }) => [name, bytes])).toEqual([
      ["x", 105],
      ["", 102],
    ]);
  });
});

test("every byte has one purpose, and unique and shared bytes are all bytes, whoever shares what", () => {
  const parts = fc.uniqueArray(
    fc.integer({ min: 0, max: 30 }).map((n) => `p${n}`),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 8 }), fc.array(parts, { maxLength: 4 }), (some, below) => {
      const account = accountOf(
        usage(
          some.map((ids, i) => image([`i:${i}`], ids)),
          below.map((ids, i) => container(`c${i}`, `w${1000 + i}`, ids)),
        ),
      );
      const all = [...account.usage.parts.values()].reduce((sum, { cost }) => sum + (cost.disk ?? 0), 0);
      expect(account.bytes).toBe(all);
      for (const { bytes, unique, shared, freed } of account.images) {
        expect(unique + shared).toBe(bytes);
        expect(freed).toBeLessThanOrEqual(unique);
      }
      const uniques = account.images.reduce((sum, { unique }) => sum + unique, 0);
      expect(uniques + account.shared).toBe(account.purposes.images);
    }),
  );
});

describe("the report", () => {
  test("is as its schema says, and the published one is that", () => {
    const report = reportOf(usage([image(["a:1"], ["l100"])], [container("c", "w1", ["l100"])]));
    const written: unknown = JSON.parse(JSON.stringify(duJson(report)));
    const validate = new Ajv({ strict: false }).compile(duJsonSchema() as AnySchema);
    expect(validate(written) || validate.errors).toBe(true);
    // Out of step? "npm run docs" writes it.
    const docs = join(import.meta.dirname, "..", "..", "..", "docs", "du-report.schema.json");
    expect(JSON.parse(readFileSync(docs, "utf8"))).toEqual(JSON.parse(JSON.stringify(duJsonSchema())));
  });

  test("lets no name steer the terminal, or the page", async () => {
    const evil = "a\u001b[2J\n\u202eb<script>";
    const one = usage([image([evil], ["l9"])], [container(evil, "w1", ["l9"])]);
    const report = { ...reportOf({ ...one, notes: [evil], volumes: [{ name: evil, cost: { disk: 1 } }] }) };
    const removals = removalOf(report.places, [evil]);
    expect(duTerminal({ ...report, removals }, plain)).not.toMatch(/[\u001b\u202e]/);
    const page = await duHtml(report);
    expect(page).not.toMatch(/[\u001b\u202e]|<script/);
    expect(page).toContain("a\\x1b[2J");
  });
});
