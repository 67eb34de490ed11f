import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kindByName } from "../src/lint/kinds.ts";

const root = join(import.meta.dirname, "..");

/** A hook of .pre-commit-hooks.yaml. */
interface Hook {
  id: string;
  entry: string;
  language: string;
  files: string;
  exclude: string;
}

describe("the hooks for pre-commit", () => {
  const hooks = parse(readFileSync(join(root, ".pre-commit-hooks.yaml"), "utf8")) as Hook[];

  it("lint and mend, by a program that is in the repository", () => {
    expect(hooks.map(({ id }) => id)).toEqual(["ddiff-lint", "ddiff-fix"]);
    for (const { entry } of hooks)
      expect(readFileSync(join(root, entry.split(" ")[0] ?? ""), "utf8")).toContain("bin/ddiff.js");
  });

  it.each([
    "Dockerfile",
    "dockerfile",
    "docker/Dockerfile.gpu",
    "Containerfile",
    "api.Dockerfile",
    "services/train-Dockerfile",
    "Dockerfile-cuda",
    "Dockerfile.j2",
    "gen/Dockerfile.py",
    "Dockerfile.orig",
    "compose.yaml",
    "docker-compose.override.yml",
    "docker/compose.gpu.yaml",
    "decompose.yaml",
    ".dockerignore",
    "Dockerfile.dockerignore",
    ".containerignore",
    ".gitignore",
    "README.md",
    "Dockerfile.md",
  ])("take %s where ddiff does in a folder", (path) => {
    for (const { files, exclude } of hooks) {
      const taken = asPattern(files).test(path) && !asPattern(exclude).test(path);
      expect(taken).toBe(kindByName(path) !== undefined);
    }
  });
});

/** Python writes what JavaScript has as a flag. */
function asPattern(text: string): RegExp {
  return new RegExp(text.replace(/^\(\?i\)/, ""), "i");
}

/** What action.yml says. */
interface Action {
  inputs: Record<string, { default: string }>;
  runs: { using: string; steps: { env: Record<string, string>; run: string; shell: string }[] };
}

describe("the GitHub action", () => {
  const action = parse(readFileSync(join(root, "action.yml"), "utf8")) as Action;
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ddiff action "));
    mkdirSync(join(folder, "app one"));
    writeFileSync(join(folder, "app one", "Dockerfile"), "FROM python:3.12\nRUN pip install numpy\n");
    writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nCOPY app /app\nUSER 1000\n");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs its steps as a runner does: inputs in the place of expressions. */
  async function use(
    inputs: Record<string, string>,
  ): Promise<{ status: number; text: string; outputs: string }> {
    const outputs = join(folder, "outputs");
    writeFileSync(outputs, "");
    let text = "";
    for (const { env, run, shell } of action.runs.steps) {
      expect(shell).toBe("bash");
      expect(run).not.toContain("${{");
      const filled = Object.fromEntries(
        Object.entries(env).map(([name, value]) => [name, fill(value, inputs)]),
      );
      const step = await bash(run, {
        ...filled,
        GITHUB_OUTPUT: outputs,
        GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
      });
      text += step.text;
      if (step.status !== 0) return { ...step, text, outputs: readFileSync(outputs, "utf8") };
    }
    return { status: 0, text, outputs: readFileSync(outputs, "utf8") };
  }

  function fill(value: string, inputs: Record<string, string>): string {
    const [, expression = ""] = /^\$\{\{ (.*) \}\}$/.exec(value) ?? [];
    if (expression === "github.action_path") return root;
    const name = expression.replace(/^inputs\./, "");
    return inputs[name] ?? action.inputs[name]?.default ?? expect.fail(`there is no ${value}`);
  }

  function bash(script: string, env: Record<string, string>): Promise<{ status: number; text: string }> {
    return new Promise((resolve) => {
      // The Node that the tests run on stands first, as a runner's own does.
      const path = `${dirname(process.execPath)}:${process.env["PATH"]}`;
      const child = execFile(
        "bash",
        ["--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        { cwd: folder, env: { ...process.env, PATH: path, ...env } },
        (_, stdout, stderr) => resolve({ status: child.exitCode ?? 1, text: stdout + stderr }),
      );
    });
  }

  it("annotates the line of a finding, and fails", async () => {
    const { status, text } = await use({});
    expect(text).toMatch(/^::warning .*file=app one\/Dockerfile,line=2.*pip-cache-kept/m);
    expect(status).toBe(1);
  });

  it("passes where nothing is as bad as fail-on says", async () => {
    expect((await use({ "fail-on": "error" })).status).toBe(0);
  });

  it("looks only at the paths it is given", async () => {
    expect(await use({ paths: "Dockerfile\n" })).toMatchObject({ status: 0 });
  });

  it("writes SARIF and names the file", async () => {
    const { outputs } = await use({ format: "sarif", output: "found.sarif" });
    expect(outputs).toBe("sarif=found.sarif\n");
    expect(JSON.parse(readFileSync(join(folder, "found.sarif"), "utf8"))).toMatchObject({ version: "2.1.0" });
  });

  it("hands GPUs and driver on, each by itself", async () => {
    const { status, text } = await use({ gpu: "rtx4090, no-such-gpu", driver: "550" });
    expect(text).toContain("no-such-gpu");
    expect(status).toBe(2);
  });

  it("takes no command from an input", async () => {
    await use({ paths: "$(touch owned) `touch owned` ; touch owned", driver: '550"; touch owned; "' });
    expect(() => readFileSync(join(folder, "owned"))).toThrow("ENOENT");
  });
});
