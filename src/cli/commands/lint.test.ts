import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const main = join(import.meta.dirname, "..", "..", "main.ts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ddiff-cli-lint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(args: string[], input?: string | Buffer) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    input: input ?? "",
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
}

function put(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

const bad = "FROM scratch\nEXPOSE 70000\nMAINTAINER me\n";

describe("ddiff lint", () => {
  test("tells what it found and fails; with --fail-on it may not", () => {
    put("Dockerfile", "FROM scratch\nMAINTAINER me\n");
    const rule = ["--rule", "maintainer-deprecated"];
    const found = run(["lint", ...rule]);
    expect(found).toMatchObject({ status: 0, stderr: "" });
    expect(found.stdout).toMatch(/^1 finding in 1 file[^]*MAINTAINER me\n[^]*\^{10}/);
    expect(run(["lint", ...rule, "--fail-on", "info"]).status).toBe(1);
    expect(run(["lint", "--rule", "port-out-of-range", "--fail-on", "info"]).status).toBe(0);
  });

  test("writes JSON and SARIF that can be parsed, whatever stands in the file", () => {
    put("Dockerfile", "FROM scratch\nEXPOSE 70000\nMAINTAINER \u202e\u009b\n");
    const json = run(["lint", "--json"]);
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, summary: { errors: 1 } });
    const sarif = run(["lint", "--format", "sarif", "-o", "x.sarif"]);
    expect(sarif.stdout).toMatch(/findings? in 1 file .*written to x\.sarif\n$/);
    expect(JSON.parse(readFileSync(join(folder, "x.sarif"), "utf8"))).toMatchObject({ version: "2.1.0" });
  });

  test("lets no file steer the terminal", () => {
    put("Dockerfile", "FROM scratch\nEXPOSE 70000 # \u001b[2J\u202e\n");
    for (const args of [["lint"], ["lint", "-q"]]) expect(run(args).stdout).not.toMatch(/[\u001b\u202e]/);
  });

  test("with --quiet writes one line for each finding, and nothing where there is none", () => {
    put("Dockerfile", bad);
    expect(run(["lint", "-q", "--rule", "port-out-of-range"]).stdout).toMatch(
      /^Dockerfile:2:8: error: [^\n]+ \[port-out-of-range\]\n$/,
    );
    put("Dockerfile", "FROM scratch\n");
    expect(run(["lint", "-q", "--rule", "port-out-of-range"])).toMatchObject({ status: 0, stdout: "" });
  });

  test("takes a file from standard input", () => {
    const found = run(["lint", "-q", "--stdin", "--stdin-filename", "a/b.Dockerfile"], bad);
    expect(found.status).toBe(1);
    expect(found.stdout).toMatch(/^a\/b\.Dockerfile:2:8: /m);
  });

  test("takes a baseline and tells only what is new", () => {
    put("Dockerfile", bad);
    expect(run(["lint", "--write-baseline", "base.json"]).status).toBe(0);
    expect(run(["lint", "--baseline", "base.json"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^no findings/),
    });
  });

  test.each([
    [["lint", "--rule", "nonsense"], /there is no rule "nonsense"/],
    [["lint", "--explain", "pip-cache-kpt"], /there is no rule[^]*Did you mean pip-cache-kept\?/],
    [["lint", "--gpu", "rtx99999"], /names a GPU/],
    [["lint", "--driver", "new"], /no version of a driver/],
    [["lint", "--config", "gone.yaml"], /gone\.yaml is wrong: it is not there/],
    [["lint", "--unsafe"], /--unsafe needs --fix/],
    [["lint", "--stdin", "x"], /exclude each other/],
    [["lint", "--context", "gone"], /is no folder/],
  ])("%j is wrong usage", (args, message) => {
    const { status, stderr } = run(args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test("lists and explains rules, by ids of others too", () => {
    expect(run(["lint", "--list-rules"]).stdout).toMatch(/^pip-cache-kept +caches +warning +.*DL3042/m);
    expect(run(["lint", "--explain", "DL3042"]).stdout).toMatch(/^pip-cache-kept [^]*Not like this:[^]*But:/);
  });

  test("with --fix mends first and tells what is left", () => {
    put("Dockerfile", bad);
    const fixed = run(["lint", "--fix", "-q"]);
    expect(fixed.stdout).not.toContain("maintainer-deprecated");
    expect(fixed.stdout).toContain("port-out-of-range");
    expect(readFileSync(join(folder, "Dockerfile"), "utf8")).not.toContain("MAINTAINER");
  });
});

describe("ddiff fix", () => {
  const rule = ["--rule", "maintainer-deprecated"];

  test("shows the patch and writes it; with --dry-run only shows it and fails", () => {
    put("Dockerfile", bad);
    const shown = run(["fix", "--dry-run", ...rule]);
    expect(shown.status).toBe(1);
    expect(shown.stdout).toMatch(/^--- a\/Dockerfile\n[^]*\n-MAINTAINER me\n\+LABEL /);
    expect(readFileSync(join(folder, "Dockerfile"), "utf8")).toBe(bad);
    expect(run(["fix", ...rule]).status).toBe(0);
    expect(readFileSync(join(folder, "Dockerfile"), "utf8")).toMatch(/^LABEL /m);
    expect(run(["fix", "--dry-run", ...rule])).toMatchObject({ status: 0, stdout: "nothing to mend\n" });
  });

  test("mends standard input to the byte, and writes nothing", () => {
    const input = "FROM scratch\r\nMAINTAINER me";
    const { status, stdout } = run(["fix", "--stdin", ...rule], input);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^FROM scratch\r\nLABEL [^\n]*me"$/);
    expect(existsSync(join(folder, "Dockerfile"))).toBe(false);
    expect(run(["fix", "--stdin"], Buffer.from([0, 1])).status).toBe(3);
  });
});
