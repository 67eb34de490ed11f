import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { newFolder } from "../src/places/testing/folders.ts";
import { noise, writeImage } from "./support/images.ts";
import { ddiff, repository, run } from "./support/run.ts";

/** A builder that notes its arguments and exports a given image where it is told to. */
const fakeBuilder = `#!${process.execPath}
const fs = require("node:fs");
const args = process.argv.slice(2);
fs.writeFileSync("args.json", JSON.stringify(args));
if (args.includes("-")) fs.writeFileSync("stdin", fs.readFileSync(0));
const dest = /dest=([^,]*)/.exec(args.find((arg) => /type=oci/.test(arg)) ?? "")?.[1];
if (dest) fs.cpSync("result", dest, { recursive: true });
if (args.includes("--fail")) process.exit(7);
console.log("built");
`;

describe("usage", () => {
  test("help lists every command and ends well", async () => {
    const help = await ddiff(["--help"]);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    for (const name of [
      "diff",
      "load",
      "show",
      "have",
      "build",
      "push",
      "pull",
      "copy",
      "list",
      "delete",
      "cache",
    ]) {
      expect(help.stdout).toMatch(new RegExp(`^    ${name} `, "m"));
    }
    expect(await ddiff(["help"])).toEqual(help);
  });

  test("help of a command is asked for in three ways", async () => {
    const pages = await Promise.all([
      ddiff(["help", "load"]),
      ddiff(["load", "--help"]),
      ddiff(["--help", "load"]),
    ]);
    expect(pages.map((page) => page.status)).toEqual([0, 0, 0]);
    expect(new Set(pages.map((page) => page.stdout)).size).toBe(1);
    expect(pages[0]?.stdout).toContain("ddiff load - ");
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
      version: string;
    };
    expect((await ddiff(["--version"])).stdout).toBe(`ddiff ${version}\n`);
    expect(JSON.parse((await ddiff(["version", "--json"])).stdout)).toMatchObject({ version });
  });

  test("no command at all is wrong usage and shows the help", async () => {
    const nothing = await ddiff([]);
    expect(nothing).toMatchObject({ status: 2, stdout: "" });
    expect(nothing.stderr).toContain("COMMANDS");
  });

  test.each([
    [["dif"], /unknown command 'dif'/, /Did you mean diff/],
    [["diff", "--fsat", "a", "b"], /unknown option '--fsat'/, /Did you mean --fast/],
    [["diff", "a"], /needs a BASE and a TARGET/, /ddiff help diff/],
    [["diff", "a", "b", "c"], /one BASE and one TARGET/, /--base/],
    [["diff", "a", "b", "--fast", "--max-effort"], /exclude each other/, /ddiff help diff/],
    [["diff", "a", "b", "--split", "much"], /--split is not a size: "much"/, /4GB/],
    [["diff", "a", "b", "-o", "-", "--split", "4GB"], /cannot be split/, /ddiff help diff/],
    [["diff", "a", "b", "-o"], /argument missing/, /ddiff help diff/],
    [["load"], /needs a BUNDLE/, /ddiff help load/],
    [["load", "a", "b"], /too many arguments/, /ddiff help load/],
    [["cache", "polish"], /not one of show, clear: "polish"/, /ddiff help cache/],
    [["copy", "a"], /needs FROM and TO/, /ddiff help copy/],
    [["copy", "oci:a", "oci:b", "--jobs", "0"], /--jobs is not a number/, /ddiff help copy/],
    [["help", "dif"], /no command "dif"/, /ddiff help/],
    [["completion", "tcsh"], /not one of bash, zsh, fish/, /ddiff help completion/],
    [["build", "docker", "compose", "up"], /"docker compose" does not build/, /docker build/],
  ])("%j is wrong usage: status 2, a sentence and a hint", async (args, sentence, hint) => {
    const wrong = await ddiff(args);
    expect(wrong).toMatchObject({ status: 2, stdout: "" });
    const [first, second, ...rest] = wrong.stderr.trimEnd().split("\n");
    expect(first).toMatch(/^ddiff: /);
    expect(first).toMatch(sentence);
    expect(second).toMatch(/^ {2}hint: /);
    expect(second).toMatch(hint);
    expect(rest).toEqual([]);
  });

  test("what cannot be done is status 3; --json makes an object of it, --debug adds the stack", async () => {
    const plain = await ddiff(["load", "no-such.ddiff"]);
    expect(plain).toMatchObject({ status: 3, stdout: "" });
    expect(plain.stderr).toMatch(/^ddiff: .*no-such\.ddiff\n {2}hint: .+\n$/);
    const json = await ddiff(["load", "no-such.ddiff", "--json"]);
    expect(json).toMatchObject({ status: 3, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual({
      error: {
        code: "BUNDLE_MISSING",
        message: expect.stringContaining("no-such.ddiff"),
        hint: expect.any(String),
      },
    });
    expect((await ddiff(["--debug", "load", "no-such.ddiff"])).stderr).toMatch(/\n +at .*\.ts:\d+/);
  });

  test("--json gives an object also where the line cannot be read", async () => {
    const wrong = await ddiff(["diff", "--json"]);
    expect(wrong).toMatchObject({ status: 2, stderr: "" });
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: "USAGE" } });
  });
});

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

describe("diff and load", () => {
  let folder: string;
  let env: Record<string, string>;
  const one = { "app/model.bin": noise("weights", 300_000), "app/version": "1\n" };
  const two = { ...one, "app/version": "2\n" };

  beforeEach(async () => {
    folder = await newFolder();
    env = { DDIFF_TMPDIR: join(folder, "tmp"), DDIFF_CACHE_DIR: join(folder, "cache") };
    await writeImage(`oci:${folder}/images:torch-app:1`, [{ "etc/os": "debian\n" }, one], folder);
    await writeImage(`oci:${folder}/images:torch-app:2`, [{ "etc/os": "debian\n" }, two], folder);
  });

  /** The server: it has the first image only. */
  async function server(): Promise<string> {
    const at = `oci:${folder}/server`;
    const copied = await ddiff(["copy", "oci:images:torch-app:1", `${at}:torch-app:1`, "-q"], {
      cwd: folder,
      env,
    });
    expect(copied).toMatchObject({ status: 0, stdout: "", stderr: "" });
    return at;
  }

  test("the bundle is named after the target, and the last line is the saving", async () => {
    const made = await ddiff(["diff", "oci:images:torch-app:1", "oci:images:torch-app:2"], {
      cwd: folder,
      env,
    });
    expect(made).toMatchObject({ status: 0 });
    expect(made.stdout.trimEnd().split("\n").at(-1)).toMatch(
      /^torch-app-2\.ddiff: [\d.]+ k?B instead of 2\d\d kB$/,
    );
    expect(await readdir(folder)).toContain("torch-app-2.ddiff");
    const loaded = await ddiff(["load", "torch-app-2.ddiff", "--to", await server()], { cwd: folder, env });
    expect(loaded).toMatchObject({ status: 0 });
    expect(loaded.stdout).toMatch(
      /torch-app:2 is loaded, sha256:[0-9a-f]{12}: .* from a bundle of [\d.]+ k?B\n$/,
    );
    const show = await ddiff(["show", "torch-app-2.ddiff"], { cwd: folder, env });
    expect(show.stdout).toMatch(/^torch-app:2 +sha256:[0-9a-f]{12} +linux\/amd64$/m);
    expect(show.stdout).toMatch(/as a patch/);
  });

  test("a bundle goes through a pipe, its report to standard error", async () => {
    const at = await server();
    const sh = await run(
      "/bin/bash",
      [
        "-c",
        'set -o pipefail; "$0" "$1" diff oci:images:torch-app:1 oci:images:torch-app:2 -o - | "$0" "$1" load - --to "$2"',
        process.execPath,
        join(repository, "src/main.ts"),
        at,
      ],
      { cwd: folder, env },
    );
    expect(sh.status).toBe(0);
    expect(sh.stdout).toMatch(/torch-app:2 is loaded/);
    expect(sh.stderr).toMatch(/bundle: .* instead of /);
  });

  test("a list of what the server has takes the place of a base", async () => {
    const at = await server();
    const have = await ddiff(["have", at], { cwd: folder, env });
    await writeFile(join(folder, "have.json"), have.stdout);
    const made = await ddiff(["diff", "--have", "have.json", "oci:images:torch-app:2", "--json"], {
      cwd: folder,
      env,
    });
    expect(JSON.parse(made.stdout)).toMatchObject({ layersSent: 1, layersKept: 1 });
    expect(made.stderr).toBe("");
    expect(await ddiff(["load", "torch-app-2.ddiff", "--to", at, "--quiet"], { cwd: folder, env })).toEqual({
      status: 0,
      signal: null,
      stdout: "",
      stderr: "",
    });
  });

  test("several bases and targets make one bundle", async () => {
    const args = [
      "diff",
      "--base",
      "oci:images:torch-app:1",
      "oci:images:torch-app:2",
      "oci:images:torch-app:1",
      "-o",
      "both.ddiff",
    ];
    expect(await ddiff(args, { cwd: folder, env })).toMatchObject({ status: 0 });
    const show = JSON.parse((await ddiff(["show", "both.ddiff", "--json"], { cwd: folder, env })).stdout) as {
      targets: { name: string }[];
    };
    expect(show.targets.map((target) => target.name)).toEqual(["torch-app:2", "torch-app:1"]);
  });

  test("--verify-only says what it checked and writes nothing", async () => {
    await ddiff(["diff", "oci:images:torch-app:1", "oci:images:torch-app:2"], { cwd: folder, env });
    const without = await ddiff(["load", "torch-app-2.ddiff", "--verify-only"], { cwd: folder, env });
    expect(without.status).toBe(0);
    expect(without.stdout).toMatch(/base are not here[^]*every byte of the bundle is right/);
    const withBase = ["load", "torch-app-2.ddiff", "--verify-only", "--base", "oci:images:torch-app:1"];
    expect((await ddiff(withBase, { cwd: folder, env })).stdout).toMatch(
      /1 layer of torch-app:2 rebuilt and right/,
    );
    expect((await readdir(folder)).sort()).toEqual(["cache", "images", "tmp", "torch-app-2.ddiff"]);
  });

  test("the cache fills, is shown and cleared", async () => {
    await ddiff(["diff", "oci:images:torch-app:1", "oci:images:torch-app:2", "-q"], { cwd: folder, env });
    expect((await ddiff(["cache"], { env })).stdout).toMatch(/cache: 2 recipes, 0 inventories, [\d.]+ k?B$/m);
    expect((await ddiff(["cache", "clear"], { env })).stdout).toMatch(/2 recipes, 0 inventories removed/);
    expect(JSON.parse((await ddiff(["cache", "--json"], { env })).stdout)).toMatchObject({
      recipes: 0,
      bytes: 0,
    });
  });

  test("a list of images is copied as a whole, one failure not stopping the rest", async () => {
    await writeFile(
      join(folder, "list"),
      "# both\noci:images:torch-app:1\n\noci:images:missing:1\noci:images:torch-app:2  oci:other:app:two\n",
    );
    const copied = await ddiff(["copy", "--images", "list", "oci:seed"], { cwd: folder, env });
    expect(copied.status).toBe(1);
    expect(copied.stdout).toMatch(/missing:1: .*\n/);
    expect(copied.stdout).toMatch(/1 of 3 could not be copied/);
    const ids = async (place: string): Promise<string[]> => {
      const list = JSON.parse((await ddiff(["have", place], { cwd: folder, env })).stdout) as {
        images: { names: string[] }[];
      };
      return list.images.flatMap((image) => image.names);
    };
    expect(await ids("oci:seed")).toEqual(["torch-app:1"]);
    expect(await ids("oci:other")).toEqual(["app:two"]);
  });

  test("layers that images of a list share are copied once", async () => {
    await writeFile(join(folder, "list"), "oci:images:torch-app:1\noci:images:torch-app:2\n");
    const copied = await ddiff(["copy", "--images", "list", "oci:seed", "--json"], { cwd: folder, env });
    const { done } = JSON.parse(copied.stdout) as { done: { bytes: number }[] };
    const stored = await readdir(join(folder, "seed", "blobs", "sha256"));
    const sizes = await Promise.all(
      stored.map(async (name) => (await stat(join(folder, "seed", "blobs", "sha256", name))).size),
    );
    expect(sum(done.map((one) => one.bytes))).toBeLessThanOrEqual(sum(sizes));
  });

  test("no run leaves anything in the temporary folder, whether it works or fails", async () => {
    await ddiff(["diff", "oci:images:torch-app:1", "oci:images:torch-app:2"], { cwd: folder, env });
    await ddiff(["diff", "oci:images:torch-app:1", "oci:images:missing"], { cwd: folder, env });
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends a run with status %i, nothing said, nothing left", async (signal, status) => {
    const started = Date.now();
    const ended = await ddiff(["load", "-", "--to", `oci:${folder}/server`], {
      cwd: folder,
      env,
      whileRunning(child) {
        const poll = setInterval(async () => {
          const inside = await readdir(join(folder, "tmp")).catch(() => []);
          if (inside.length === 0) return;
          clearInterval(poll);
          child.kill(signal);
        }, 20);
      },
    });
    expect(ended).toEqual({ status, signal: null, stdout: "", stderr: "" });
    expect(Date.now() - started).toBeLessThan(4000);
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
  });

  test("a reader that goes away is no error of a listing", async () => {
    const sh = await run("/bin/bash", [
      "-c",
      '"$0" "$1" help | true; echo "${PIPESTATUS[0]}"',
      process.execPath,
      join(repository, "src/main.ts"),
    ]);
    expect(sh).toMatchObject({ status: 0, stdout: "0\n", stderr: "" });
  });

  describe("build", () => {
    let PATH: string;

    beforeEach(async () => {
      await writeImage(`oci:${folder}/result:torch-app:2`, [{ "etc/os": "debian\n" }, two], folder);
      await mkdir(join(folder, "bin"));
      await writeFile(join(folder, "bin", "docker"), fakeBuilder, { mode: 0o755 });
      PATH = `${folder}/bin:${process.env["PATH"]}`;
    });

    const output = "type=oci,tar=false,dest=built";

    test("every argument reaches the builder as it was written, and the bundle is cut against the Dockerfile's base", async () => {
      await mkdir(join(folder, "ctx dir"));
      const lines = [
        "# syntax=docker/dockerfile:1",
        "ARG B=none",
        "FROM scratch AS no",
        "FROM ${B} AS app",
        "FROM no",
        "",
      ];
      await writeFile(join(folder, "ctx dir", "Dockerfile"), lines.join("\n"));
      const words = [
        "--build-context",
        "lab/base=oci-layout://images:torch-app:1",
        "--build-arg",
        "B=lab/base",
        "--target=app",
        "--build-arg",
        "NOTE=a 'b' \"c\" $HOME `x` \\ * \n",
        "--label",
        "",
        "-qt",
        "torch-app:2",
        "-o",
        output,
        "ctx dir",
      ];
      const args = ["build", "--bundle", "new.ddiff", "docker", "build", ...words];
      const built = await ddiff(args, { cwd: folder, env: { ...env, PATH } });
      expect(built).toMatchObject({ status: 0, stderr: "" });
      expect(JSON.parse(await readFile(join(folder, "args.json"), "utf8"))).toEqual(["build", ...words]);
      expect(built.stdout).toMatch(/^built\n[^]*new\.ddiff: [\d.]+ k?B instead of 2\d\d kB\n$/);
      const loaded = await ddiff(["load", "new.ddiff", "--to", await server()], { cwd: folder, env });
      expect(loaded.stdout).toMatch(/torch-app:2 is loaded/);
    });

    test("a Dockerfile on standard input is read and passed on", async () => {
      const built = await ddiff(
        ["build", "-f", "-", "--build-context", "b=oci-layout://images:torch-app:1", "-o", output, "."],
        {
          cwd: folder,
          env: { ...env, PATH },
          input: "FROM b\nRUN true\n",
        },
      );
      expect(built).toMatchObject({ status: 0, stderr: "" });
      expect(built.stdout).toMatch(/torch-app-2\.ddiff: [\d.]+ k?B instead of 2\d\d kB\n$/);
      expect(await readFile(join(folder, "stdin"), "utf8")).toBe("FROM b\nRUN true\n");
    });

    test("with --json the builder's words go to standard error", async () => {
      const args = ["--json", "build", "--base", "oci:images:torch-app:1", "-o", output, "."];
      const built = await ddiff(args, { cwd: folder, env: { ...env, PATH } });
      expect(JSON.parse(built.stdout)).toMatchObject({ layersSent: 1 });
      expect(built.stderr).toBe("built\n");
    });

    test("a base that cannot be known is asked for before anything is built", async () => {
      const asked = await ddiff(["build", "-t", "x", "https://example.org/repo.git"], {
        cwd: folder,
        env: { ...env, PATH },
      });
      expect(asked.status).toBe(3);
      expect(asked.stderr).toMatch(
        /the base cannot be found out: the build context .* is a URL\n {2}hint: .*--base/,
      );
      expect(await readdir(folder)).not.toContain("args.json");
    });

    test("a failed build is status 3 and writes no bundle; ddiff's options in the wrong place are explained", async () => {
      const failed = await ddiff(
        ["build", "--base", "oci:images:torch-app:1", "-t", "x", "--fail", ".", "--max-effort"],
        { cwd: folder, env: { ...env, PATH } },
      );
      expect(failed.status).toBe(3);
      expect(failed.stderr).toMatch(/docker ended with status 7[^]*--max-effort belongs to ddiff/);
      expect((await readdir(folder)).filter((name) => name.endsWith(".ddiff"))).toEqual([]);
    });
  });
});
