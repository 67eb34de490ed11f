import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as fc from "fast-check";
import { parse } from "smol-toml";
import { expect, it } from "vitest";
import { describePlace, toolMissing } from "./support/tools.ts";

const inside = join(import.meta.dirname, "../src/bases/inside");

/** Asks the base's program, once for many inputs. `code` makes `answer` of `given`. */
function ask<T>(code: string, given: readonly unknown[]): T[] {
  const script = `import json, sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(inside)})\nanswers = []\nfor given in json.load(sys.stdin):\n${code.replace(/^/gm, "    ")}\n    answers.append(answer)\nprint(json.dumps(answers))`;
  const output = execFileSync("python3", ["-c", script], {
    input: JSON.stringify(given),
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(output.toString()) as T[];
}

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom('"', "\\", "\n", "\u007f", "'''", "#", "[x]"),
);
const plain = fc.oneof(text, fc.boolean(), fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }));
const key = fc.stringMatching(/^[a-z][a-z-]{2,12}$/).filter((name) => !reserved.has(name));
const value = fc.oneof(
  plain,
  fc.array(plain, { maxLength: 4 }),
  fc.array(fc.dictionary(text, plain, { maxKeys: 3 }), { maxLength: 3 }),
);
const settings = fc.record({
  top: fc.dictionary(key, value, { maxKeys: 4 }),
  pip: fc.dictionary(text, value, { maxKeys: 3 }),
  index: fc.array(fc.record({ name: text, url: text }), { maxLength: 3 }),
});
const ours = { name: "ddiff-base", url: ".venv/ddiff/index" };
const reserved = new Set([
  "index",
  "index-strategy",
  "pip",
  "sources",
  "workspace",
  "managed",
  "package",
  "conflicts",
]);

describePlace("link-settings", toolMissing("python3"), () => {
  it("takes every setting over, behind the base's index", () => {
    const samples = fc.sample(settings, { numRuns: 400, seed: 7 });
    const given = samples.map(({ top, pip, index }) => ({
      ...top,
      pip,
      index,
      sources: { torch: { index: "x" } },
    }));
    const written = ask<string>(
      "from ddiff_base.uv_settings import own_file\nanswer = own_file(given)",
      given,
    );
    for (const [at, { top, pip, index }] of samples.entries())
      expect(plainly(parse(written[at] ?? ""))).toEqual(plainly({ ...top, pip, index: [ours, ...index] }));
  });

  it("puts its index first into a uv.toml, and takes it out again", () => {
    const line = fc.constantFrom("native-tls = true", "", "# index", 'cache-dir = "a # b"');
    const table = fc.constantFrom('[[index]]\nname = "a"\nurl = "b"', "[pip]\nno-deps = true", "# [[index]]");
    const files = fc
      .sample(fc.tuple(fc.uniqueArray(line), fc.uniqueArray(table), fc.constantFrom("\n", "")), {
        numRuns: 300,
        seed: 7,
      })
      .map(([lines, tables, end]) => [...lines, ...tables].join("\n") + end);
    const code =
      "from pathlib import Path\nfrom ddiff_base.uv_settings import with_block, without_block\nfilled = with_block(given, Path('uv.toml'))\nanswer = [filled, with_block(without_block(filled), Path('uv.toml')), without_block(filled)]";
    for (const [at, [filled = "", again, emptied]] of ask<string[]>(code, files).entries()) {
      const own = parse(files[at] ?? "");
      expect(plainly(parse(filled))).toEqual(
        plainly({ ...own, index: [ours, ...(Array.isArray(own["index"]) ? own["index"] : [])] }),
      );
      expect(again).toBe(filled);
      expect(emptied?.trimEnd()).toBe(files[at]?.trimEnd());
    }
  });

  it("reads exact versions in requirements, and changes nothing else", () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,8}[A-Za-z0-9]$/);
    const version = fc.stringMatching(/^[1-9](\.[0-9]{1,3}){1,3}(\+cu1[0-9]{2})?$/);
    const marker = fc.constantFrom("", '; platform_system == "Linux"', " ; extra == 'a'");
    const samples = fc.sample(fc.tuple(name, fc.constantFrom("", "[a,b]"), version, marker, version), {
      numRuns: 400,
      seed: 7,
    });
    const given = samples.map(([name, extra, version, marker, other]) => ({
      pinned: `${name}${extra}==${version}${marker}`,
      ranged: `${name}${extra}>=${version},<99${marker}`,
      name,
      other,
    }));
    const code =
      "from ddiff_base.distributions import key_of, repin\npins = {key_of(given['name']): given['other']}\nanswer = [repin(given['pinned'], pins), repin(given['ranged'], pins), repin(given['pinned'], {})]";
    for (const [at, [changed, ranged, same]] of ask<string[]>(code, given).entries()) {
      const [name, extra, version, marker, other] = samples[at] ?? ["", "", "", "", ""];
      // The same public version is the same requirement: 2.5.1+cu124 answers to ==2.5.1.
      const wanted = version.split("+")[0] === other.split("+")[0] ? version : other;
      expect(changed).toBe(`${name}${extra}==${wanted}${marker}`);
      expect(ranged).toBe(given[at]?.ranged);
      expect(same).toBe(given[at]?.pinned);
    }
  });
});

/** Without the prototypes and numbers of a TOML reader. */
function plainly(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data, (_, one: unknown) => (typeof one === "bigint" ? Number(one) : one)));
}
