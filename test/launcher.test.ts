import { execFileSync } from "node:child_process";
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder } from "../src/places/testing/folders.ts";
import { repository, run } from "./support/run.ts";

const launcher = join(repository, "bin", "ddiff.js");

/** A Node on this machine that is too old to run ddiff itself, beside the one that npm brought. */
function oldNode(): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .find((path) => {
      try {
        const major = Number(/^v(\d+)/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }))?.[1]);
        return major >= 12 && major < 24;
      } catch {
        return false;
      }
    });
}

describe("bin/ddiff.js", () => {
  test("runs ddiff in the same process where Node is new enough", async () => {
    const version = await run(process.execPath, [launcher, "--version"]);
    expect(version).toMatchObject({ status: 0, stderr: "" });
    expect(version.stdout).toMatch(/^ddiff \d/);
  });

  const old = oldNode();
  describe.skipIf(old === undefined)(
    `under an old Node${old === undefined ? " (none on this machine)" : ""}`,
    () => {
      const node = old ?? "";

      test("hands over to the Node that npm brought: words, streams and status are kept", async () => {
        const version = await run(node, [launcher, "version"]);
        expect(version.stdout).toMatch(/\(Node 2[4-9]/);
        const wrong = await run(node, [launcher, "load", "a b", "$c"]);
        expect(wrong).toMatchObject({ status: 2, stdout: "" });
        expect(wrong.stderr).toMatch(/too many arguments/);
      });

      test("a signal to the launcher ends ddiff, with its status", async () => {
        const tmp = await newFolder();
        const ended = await run(node, [launcher, "load", "-"], {
          env: { DDIFF_TMPDIR: tmp },
          whileRunning: (child) => {
            // ddiff listens for signals before it does anything else; the launcher must have started it by then.
            setTimeout(() => child.kill("SIGTERM"), 1500);
          },
        });
        expect(ended).toMatchObject({ status: 143, signal: null });
      });

      test("says what to do where npm brought none", async () => {
        const folder = await newFolder();
        await mkdir(join(folder, "bin"));
        await mkdir(join(folder, "src"));
        await copyFile(launcher, join(folder, "bin", "ddiff.js"));
        await writeFile(join(folder, "package.json"), '{"type":"module"}');
        await writeFile(join(folder, "src", "main.ts"), "");
        const failed = await run(node, [join(folder, "bin", "ddiff.js")]);
        expect(failed.status).toBe(3);
        expect(failed.stderr).toMatch(
          /^ddiff: ddiff needs Node 24, and this is Node \d+[^\n]*\n {2}hint: [^\n]*npm install[^\n]*\n$/,
        );
      });
    },
  );

  test("works through a link, as npm installs commands", async () => {
    const folder = await newFolder();
    await symlink(launcher, join(folder, "ddiff"));
    expect((await run(process.execPath, [join(folder, "ddiff"), "--version"])).stdout).toMatch(/^ddiff /);
  });
});
