import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPython } from "./python-files.ts";
import { scanPython } from "./python-source.ts";
import { parseSetup } from "./setup-file.ts";

describe("scanPython", () => {
  it("joins brackets and continuations and leaves comments out", () => {
    const lines = scanPython("x = f(  # why\n  \"a\", # b\n  r'c')\nif y: \\\n  pass\n");
    expect(lines.map(({ line, code, strings }) => [line, code.replace(/\s+/g, " "), strings])).toEqual([
      [1, 'x = f( "0", "1")', ["a", "c"]],
      [4, "if y: pass", []],
    ]);
  });

  it("does not take what stands in a string for code", () => {
    const [doc, app] = scanPython('"""\napp = FastAPI()\n# "\n"""\napp = 1\n');
    expect(doc?.code).toBe('"0"');
    expect(app).toMatchObject({ line: 5, code: "app = 1" });
  });

  it("ends for every text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', "'", "\\", "\n", "(", ")", "#", "a", " ", "[", "=") }),
        (text) => {
          expect(scanPython(text).length).toBeLessThanOrEqual(text.length + 1);
          readPython("a.py", text);
          parseSetup(text);
        },
      ),
    );
  });

  it("takes long lines in no time", () => {
    const start = performance.now();
    readPython("a.py", `${"uvicorn.".repeat(100_000)}run(`);
    readPython("a.py", `x = [${'"a", '.repeat(100_000)}]`);
    parseSetup(`setup(install_requires=[${'"a", '.repeat(50_000)}`);
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});
