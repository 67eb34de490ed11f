import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { file, symlink } from "../../../inspect/testing/layers.ts";
import { newFolder } from "../../../places/testing/folders.ts";
import { testImage } from "../testing/images.ts";
import { importWords, readImported } from "./import-scripts.ts";
import { askingWords, readAnswer } from "./probe.ts";

const run = promisify(execFile);

describe("importing modules", () => {
  test("of Node.js tells for each whether it can be loaded, and stops those that hang", async () => {
    const folder = await newFolder();
    const modules = {
      good: "module.exports = 1; setInterval(() => {}, 1000);",
      bad: "throw new Error('broken\\tinside\\nand more');",
      hangs: "for (;;);",
      exits: "process.exit(3);",
      noisy: "console.log('good\\tok\\t0\\t'); console.error('x'.repeat(1e6)); throw new Error('loud');",
    };
    for (const [name, code] of Object.entries(modules)) {
      await mkdir(join(folder, "node_modules", name), { recursive: true });
      await writeFile(join(folder, "node_modules", name, "index.js"), code);
    }
    const wanted = [...Object.keys(modules), "missing"];
    const [program = "", ...args] = importWords(
      { language: "node", interpreter: process.execPath, modules: wanted },
      5,
      4,
    );
    const { stdout } = await run(program, args, { cwd: folder });
    const found = readImported(stdout);
    const works = wanted.map((name) => [name, found.get(name)?.works]);
    expect(Object.fromEntries(works)).toEqual({
      good: true,
      bad: false,
      hangs: false,
      exits: false,
      noisy: false,
      missing: false,
    });
    expect(found.get("bad")?.message).toBe("broken inside");
    expect(found.get("hangs")?.message).toBe("it took longer than 5 s");
    expect(found.get("noisy")?.message).toBe("loud");
  });

  test("only takes lines of its own, whatever else is written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (noise) => {
        const line = "numpy\tok\t0.25\t";
        const text = `${noise.replaceAll("\t", " ")}\n${line}\n`;
        expect(readImported(text).get("numpy")).toEqual({
          module: "numpy",
          works: true,
          seconds: 0.25,
          message: "",
        });
      }),
    );
  });
});

async function words(...paths: string[]): Promise<string[] | undefined> {
  const { tree } = await testImage([paths.map((path) => file(path, "x", { mode: 0o755 }))]);
  return askingWords(tree, "/usr/local/bin:/usr/bin:/bin", 8080, "/health");
}

describe("asking a port", () => {
  test("is done by the surest program that the image's PATH leads to", async () => {
    expect((await words("usr/bin/python3", "bin/bash"))?.slice(0, 2)).toEqual(["/usr/bin/python3", "-c"]);
    expect((await words("usr/bin/python3", "usr/local/bin/curl"))?.[0]).toBe("/usr/local/bin/curl");
    expect((await words("bin/bash"))?.slice(-2)).toEqual(["8080", "/health"]);
    expect(await words("opt/bin/python3")).toBeUndefined();
  });

  test("takes no program that leads nowhere or is not executable", async () => {
    const { tree } = await testImage([[symlink("usr/bin/curl", "/gone"), file("usr/bin/python3", "x")]]);
    expect(askingWords(tree, undefined, 1, "/")).toBeUndefined();
  });

  test("reads HTTP's status and body, and other services' words", () => {
    expect(readAnswer("HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello\r\n\r\nworld")).toEqual({
      status: 200,
      body: "hello\r\n\r\nworld",
    });
    expect(readAnswer("HTTP/1.1 302 Found\r\nLocation: /x")).toEqual({ status: 302, body: "" });
    expect(readAnswer("-ERR unknown command")).toEqual({ status: undefined, body: "-ERR unknown command" });
    expect(readAnswer("")).toBeUndefined();
  });
});
