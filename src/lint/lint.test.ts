import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { baselineText } from "./baseline.ts";
import { lint, type LintOptions } from "./lint.ts";
import { contextFor } from "./testing/check.ts";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ddiff-lint-")));
  mkdirSync(join(folder, ".git"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function options(more: Partial<LintOptions> = {}): LintOptions {
  return {
    paths: ["."],
    cwd: folder,
    config: undefined,
    context: undefined,
    stdin: undefined,
    baseline: undefined,
    today: contextFor({}).today,
    only: ["legacy-key-value"],
    profile: undefined,
    failOn: undefined,
    shellcheck: false,
    all: false,
    target: {},
    ...more,
  };
}

const bad = "FROM scratch\nENV a b\n";

async function found(more: Partial<LintOptions> = {}): Promise<string[]> {
  const { findings } = await lint(options(more));
  return findings.map((one) => `${one.path}:${one.start.line} ${one.severity} ${one.rule.name}`);
}

test("a file with many findings has its ten most telling reported, and fails by all", async () => {
  const stage =
    "FROM debian:12\nENV a b\nRUN curl -o x https://lab.example/x\nRUN wget -O- https://lab.example/y | sh\n";
  put("Dockerfile", stage.repeat(8));
  const [few, all] = [await lint(options({ only: [] })), await lint(options({ only: [], all: true }))];
  expect(few.findings.length).toBe(10);
  expect(few.held).toBe(all.findings.length - 10);
  expect(all.held).toBe(0);
  const worst = (list: typeof few.findings) => list.filter((one) => one.severity !== "info").length;
  expect(worst(few.findings)).toBe(Math.min(10, worst(all.findings)));
});

describe("files", () => {
  test("are found by their names, below folders, and only where they are a project's own", async () => {
    const names = [
      "Dockerfile",
      "Dockerfile.gpu",
      "train.Dockerfile",
      "Containerfile",
      "a/b/dockerfile",
      "Dockerfile-dev",
    ];
    const others = [
      "Dockerfile.j2",
      "Dockerfile.md",
      "dockerfile.py",
      "Dockerfile.bak",
      "notes.txt",
      "mydockerfile",
    ];
    const hidden = ["node_modules/x/Dockerfile", ".git/Dockerfile", ".venv/lib/Dockerfile"];
    for (const name of [...names, ...others, ...hidden]) put(name, bad);
    const { files } = await lint(options());
    expect(files.map((one) => one.path).sort()).toEqual(names.toSorted());
  });

  test("of every kind are read as what they are", async () => {
    put("compose.yaml", "services: {}\n");
    put("docker-compose.gpu.yml", "services: {}\n");
    put("a.dockerignore", "x\n");
    put(".dockerignore", "x\n");
    put("Containerfile", bad);
    const { files } = await lint(options());
    expect(Object.fromEntries(files.map((one) => [one.path, one.kind]))).toEqual({
      ".dockerignore": "ignore",
      "a.dockerignore": "ignore",
      "compose.yaml": "compose",
      "docker-compose.gpu.yml": "compose",
      Containerfile: "dockerfile",
    });
  });

  test("that are named are looked at whatever they are called", async () => {
    put("recipe.txt", bad);
    put("stack.yml", "services:\n  a:\n    image: x\n");
    put("Dockerfile", bad);
    const { files } = await lint(options({ paths: ["recipe.txt", "stack.yml", "recipe.txt"] }));
    expect(files.map((one) => [one.path, one.kind])).toEqual([
      ["recipe.txt", "dockerfile"],
      ["stack.yml", "compose"],
    ]);
  });

  test("that links lead to are looked at once, and a loop of folders ends", async () => {
    put("docker/Dockerfile", bad);
    symlinkSync("docker/Dockerfile", join(folder, "Dockerfile"));
    symlinkSync("..", join(folder, "docker", "up"));
    expect(await found()).toEqual(["docker/Dockerfile:2 info legacy-key-value"]);
  });

  test("take names that bake and compose files above give to contexts for what they are", async () => {
    put(".git/HEAD", "");
    put(
      "docker/Dockerfile",
      "FROM wheels AS a\nFROM data AS b\nFROM media AS c\nFROM assets AS d\nFROM nobody AS e\n",
    );
    put(
      "docker-bake.rocm.hcl",
      'target "a" {\n  contexts = {\n    wheels = "docker-image://${X}"\n    data  = "data" }\n}\n',
    );
    put("docker/docker-bake.json", '{"target": {"b": {"contexts": {"media": "target:m"}}}}\n');
    put(
      "compose.yaml",
      "services:\n  a:\n    build:\n      context: .\n      additional_contexts: [assets=./assets]\n",
    );
    const { findings } = await lint(options({ only: ["untagged-base"] }));
    expect(findings.map(({ start }) => start.line)).toEqual([5]);
  });

  test.each([
    ["./app/docker/${{ matrix.file }}", "./app", 2_000_000],
    ['"app/docker/cpu.dockerfile"', ".", 5_000_000],
    ["app/docker/gpu.dockerfile", "./app", 5_000_000],
    ["app/docker/cpu.dockerfile", "${{ github.workspace }}", 5_000_000],
  ])("are built where a workflow says it: %s in %s", async (file, context, waste) => {
    put(
      ".github/workflows/images.yml",
      `jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: ${context} # here\n          file: ${file}\n          push: true\n`,
    );
    put("app/docker/cpu.dockerfile", "FROM debian:12\nCOPY uv.lock /\nCOPY app /src\nRUN rm -r /src\n");
    put("uv.lock", "");
    put("app/x", Buffer.alloc(3_000_000));
    put("app/app/y", Buffer.alloc(2_000_000));
    const { findings } = await lint(options({ only: ["removed-in-later-layer"] }));
    expect(Math.round((findings[0]?.waste ?? 0) / 1e6) * 1e6).toBe(waste);
  });

  test("that cannot be read or parsed are one finding each and hide no other", async () => {
    put("Dockerfile", bad);
    put("Dockerfile.a", Buffer.from([0x46, 0, 1, 2]));
    put("Dockerfile.b", "this is no\nDockerfile\nat all\n");
    put("Dockerfile.c", Buffer.alloc(5 * 1024 * 1024, "#"));
    put("compose.yml", "a: [\n");
    expect((await found({ paths: [".", "missing"] })).sort()).toEqual([
      "Dockerfile.a:1 error unreadable-file",
      "Dockerfile.b:1 error syntax-error",
      "Dockerfile.c:1 error unreadable-file",
      "Dockerfile:2 info legacy-key-value",
      expect.stringMatching(/^compose\.yml:\d error syntax-error$/),
      "missing:1 error unreadable-file",
    ]);
  });

  test.skipIf(process.getuid?.() === 0)("that may not be read are findings", async () => {
    put("Dockerfile", bad);
    chmodSync(join(folder, "Dockerfile"), 0);
    expect(await found()).toEqual(["Dockerfile:1 error unreadable-file"]);
  });

  test("from standard input have the settings of their name", async () => {
    put(
      ".ddiff.yaml",
      "lint:\n  overrides:\n    - paths: [svc/**]\n      rules: { legacy-key-value: error }\n",
    );
    const stdin = { bytes: Buffer.from(`\uFEFF${bad}`), name: "svc/Dockerfile" };
    expect(await found({ stdin, only: [] })).toContain("svc/Dockerfile:2 error legacy-key-value");
  });
});

describe(".ddiff.yaml", () => {
  test("sets severities by rule, id and group; the most exact counts, later overrides more", async () => {
    put("Dockerfile", bad);
    put("svc/Dockerfile", bad);
    put("svc/dev/Dockerfile", bad);
    put(
      ".ddiff.yaml",
      `budget: { of: another command }
lint:
  rules: { legacy-key-value: error, LegacyKeyValueFormat: warning, syntax: off }
  overrides:
    - paths: [svc]
      rules: { LegacyKeyValueFormat: info }
    - paths: ["**/dev/**"]
      rules: { legacy-key-value: off }
`,
    );
    const lines = (await found({ only: [] })).filter((one) => one.includes("legacy"));
    expect(lines).toEqual(["Dockerfile:2 error legacy-key-value", "svc/Dockerfile:2 info legacy-key-value"]);
  });

  test("is the nearest one upwards, not beyond the repository", async () => {
    put("Dockerfile", bad);
    put("sub/a/Dockerfile", bad);
    put("sub/.ddiff.yaml", "lint: { rules: { legacy-key-value: error } }\n");
    put("other/.git/HEAD", "");
    put("other/Dockerfile", bad);
    put(".ddiff.yaml", "lint: { rules: { legacy-key-value: warning } }\n");
    expect(await found()).toEqual([
      "Dockerfile:2 warning legacy-key-value",
      "other/Dockerfile:2 info legacy-key-value",
      "sub/a/Dockerfile:2 error legacy-key-value",
    ]);
  });

  test("leaves out what it excludes, but not what is named", async () => {
    put("Dockerfile", bad);
    put("vendor/x/Dockerfile", bad);
    put("old.Dockerfile", bad);
    put(".ddiff.yaml", "lint: { exclude: [vendor/, '*.Dockerfile'] }\n");
    expect(await found()).toEqual(["Dockerfile:2 info legacy-key-value"]);
    expect(await found({ paths: ["old.Dockerfile"] })).toHaveLength(1);
  });

  test.each([
    [
      "lint:\n  rules:\n    legacy-key-valu: off\n",
      /line 3: there is no rule "legacy-key-valu"; did you mean "legacy-key-value"/,
    ],
    [
      "lint:\n  overrides:\n    - paths: [a]\n      rules:\n        nonsense-of-mine: off\n",
      /line 5: there is no rule/,
    ],
    ["lint:\n  rules:\n    legacy-key-value: loud\n", /line 3: lint\.rules\.legacy-key-value must be/],
    ["lint:\n  exlude: []\n", /line 2: there is no "exlude" in lint; did you mean "exclude"/],
    ["lint:\n  fail-on: [\n", /line \d: /],
    ["lint: 3\n", /lint must be/],
    ["lint:\n  target: { gpu: rtx99999 }\n", /names a GPU that the catalogue does not have/],
    ["lint:\n  baseline: gone.json\n", /baseline .*gone\.json cannot be used/],
  ])("that is wrong is refused with the place: %j", async (text, message) => {
    put("Dockerfile", bad);
    put(".ddiff.yaml", text);
    await expect(lint(options())).rejects.toMatchObject({
      message: expect.stringMatching(message),
      exitStatus: 2,
    });
  });

  test("decides what fails, unless the command line does", async () => {
    put("Dockerfile", bad);
    expect((await lint(options())).failed).toBe(false);
    put(".ddiff.yaml", "lint: { fail-on: info }\n");
    expect((await lint(options())).failed).toBe(true);
    expect((await lint(options({ failOn: "error" }))).failed).toBe(false);
  });

  test("that is named has to be there", async () => {
    put("Dockerfile", bad);
    await expect(lint(options({ config: "no.yaml" }))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

test("a rule that does not exist is refused, with the one that was meant", async () => {
  await expect(lint(options({ only: ["legacy-key-vlue"] }))).rejects.toMatchObject({
    code: "RULE_UNKNOWN",
    hint: expect.stringContaining("legacy-key-value"),
  });
});

describe("a baseline", () => {
  test("silences what it knows, wherever the lines went, and nothing else", async () => {
    const only = ["port-out-of-range"];
    put("Dockerfile", "FROM scratch\nEXPOSE 70000\nEXPOSE 80000\n");
    const before = await lint(options({ only }));
    put("base.json", baselineText(join(folder, "base.json"), before.files));
    expect(before.findings).toHaveLength(2);
    expect(await found({ only, baseline: "base.json" })).toEqual([]);
    put("Dockerfile", "# new\nFROM scratch\n\nEXPOSE 90000\nEXPOSE   80000\nEXPOSE 70000\nEXPOSE 70000\n");
    expect(await found({ only, baseline: "base.json" })).toEqual([
      "Dockerfile:4 error port-out-of-range",
      "Dockerfile:7 error port-out-of-range",
    ]);
  });

  test("is the same text for the same findings", async () => {
    put("b/Dockerfile", bad);
    put("a/Dockerfile", bad);
    const one = await lint(options({ paths: ["b", "a"] }));
    const other = await lint(options());
    const file = join(folder, "x.json");
    expect(baselineText(file, one.files)).toBe(baselineText(file, other.files));
  });

  test("of the configuration counts, and not when a new one is asked for", async () => {
    put("Dockerfile", bad);
    put("base.json", baselineText(join(folder, "base.json"), (await lint(options())).files));
    put(".ddiff.yaml", "lint: { baseline: base.json }\n");
    expect(await found()).toEqual([]);
    expect(await found({ baseline: false })).toHaveLength(1);
  });

  test.each(["", "{}", '{"version":2,"findings":{}}', '{"version":1,"findings":{"a":[1]}}'])(
    "that is none is refused: %s",
    async (text) => {
      put("Dockerfile", bad);
      put("base.json", text);
      await expect(lint(options({ baseline: "base.json" }))).rejects.toMatchObject({
        code: "BASELINE_INVALID",
        exitStatus: 2,
      });
    },
  );
});
