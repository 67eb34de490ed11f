import { execFileSync } from "node:child_process";
import {
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { asking, done, LinkBench, linkMissing, treeOf, wholeLink } from "./support/link/linked.ts";
import type { Ended, TestProject } from "./support/link/workshop.ts";
import { describePlace } from "./support/tools.ts";

/** Somebody else's folder, which no run may touch. */
async function makeOthers(folder: string): Promise<() => Promise<void>> {
  await mkdir(join(folder, "within"), { recursive: true });
  await writeFile(join(folder, "victim"), "precious");
  await writeFile(join(folder, "within", "victim"), "precious");
  const before = await treeOf(folder);
  return async () => {
    expect(await treeOf(folder)).toEqual(before);
    expect(await readFile(join(folder, "victim"), "utf8")).toBe("precious");
  };
}

/** It could not be done, with a sentence and no stack. */
function refusal(words: string): { status: number; output: unknown } {
  return {
    status: 3,
    output: expect.stringMatching(new RegExp(`^(?:error|ddiff): (?![^]*Traceback)[^]*${words}`)),
  };
}

/** A base.json that names one Python. */
const python = (one: object): string => JSON.stringify({ schema: 1, pythons: [one] });

const modeOf = async (file: string): Promise<string> => ((await stat(file)).mode & 0o777).toString(8);

describePlace("link", linkMissing, () => {
  const bench = LinkBench.prepare(["2.5.1", "2.6.0"]);
  let others = "";
  let expectUntouched: () => Promise<void>;
  beforeAll(async () => {
    others = join(bench.shop.folder, "others");
    expectUntouched = await makeOthers(others);
  });

  const program = (project: TestProject, ...words: string[]): Promise<Ended> =>
    project.run("python3", join(bench.base, "bin/base.py"), ...words);

  it("believes no link.json that it cannot have written", { timeout: 60_000 }, async () => {
    const project = await bench.linked("strange-state");
    const text = await project.read(".venv/ddiff/link.json");
    const told = JSON.parse(text) as Record<string, unknown>;
    const up = `../../../others/victim`;
    const states: unknown[] = [
      { ...told, files: [up] },
      { ...told, files: [join(others, "victim")] },
      { ...told, files: ["lib/../../../../others/victim", "."] },
      { ...told, files: ["a\0b"] },
      { ...told, files: [7] },
      { ...told, files: null },
      { ...told, guards: [`../../../../../../others/victim`] },
      { ...told, python: `3.11/../../../../../others` },
      { ...told, fixed: ["torch"] },
      { ...told, versions: { torch: {} } },
      { ...told, schema: 2 },
      { ...told, more: 1 },
      [told],
      null,
    ];
    const texts = [...states.map((state) => JSON.stringify(state)), "{", "", "[".repeat(100_000)];
    const commands = ["unlink", "link", "check"];
    for (const [at, one] of texts.entries()) {
      await project.write(".venv/ddiff/link.json", one);
      // Each reads it by the same function.
      for (const command of at === 0 ? commands : [commands[at % 3] ?? ""])
        expect(await program(project, command), one).toMatchObject(refusal("link\\.json cannot be read"));
    }
    await expectUntouched();
    await project.write(".venv/ddiff/link.json", text);
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
  });

  it.each(["lib", "bin", "share", "ddiff"])(
    "writes and removes nothing behind a link in place of .venv/%s",
    async (name) => {
      const project = await bench.linked(`link-for-${name}`);
      const elsewhere = join(bench.shop.folder, `elsewhere-${name}`);
      await rename(project.path(".venv", name), elsewhere);
      await symlink(elsewhere, project.path(".venv", name));
      const before = await treeOf(elsewhere);
      expect(await project.link(bench.base, "2.6.0")).toMatchObject(
        refusal("is a link to another folder|not of ddiff's making"),
      );
      expect(await treeOf(elsewhere)).toEqual(before);
      // Something of the user's own in .venv, so that only ddiff's files go.
      const own = project.site("own-1.dist-info");
      if (name !== "lib") {
        await mkdir(own);
        await writeFile(join(own, "METADATA"), "Name: own\nVersion: 1\n");
      }
      expect(await program(project, "unlink")).toMatchObject(done);
      expect(await treeOf(elsewhere)).toEqual(before);
    },
  );

  it("removes what is another's neither by RECORD nor through links", async () => {
    const project = await bench.linked("strange-record");
    const info = project.site("torch-9.dist-info");
    await mkdir(info);
    const rows = ["torch/victim", "../../../../../../others/victim", join(others, "victim"), "x/../../.."];
    await writeFile(join(info, "METADATA"), "Name: torch\nVersion: 9\n");
    await writeFile(join(info, "RECORD"), rows.map((row) => `${row},,\n`).join(""));
    await unlink(project.site("torch"));
    await symlink(others, project.site("torch"));
    expect(await project.link(bench.base)).toMatchObject(refusal("--force"));
    expect(await project.link(bench.base, "--force")).toMatchObject(done);
    await expectUntouched();
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
  });

  it("names no file by what stands in a lock file", async () => {
    const torch = '[[package]]\nname = "torch"\nversion = "2.5.1"\n';
    for (const [at, [name, version]] of [
      ["nvidia-/../../../../../others/new", "1"],
      ["nvidia-new", "1/../../../../../../others/new"],
      ["nvidia-new", "1\\n==2"],
      ["", "1"],
    ].entries()) {
      const lock = `version = 1\n${torch}[[package]]\nname = "${name}"\nversion = "${version}"\n`;
      const project = await bench.shop.project(`strange-lock-${at}`, { "uv.lock": lock });
      expect(await project.link(bench.base, "2.5.1")).toMatchObject(
        refusal("names a package that cannot be"),
      );
      expect(await readdir(project.folder)).toEqual(["uv.lock"]);
    }
    await expectUntouched();
  });

  it("waits for no pipe and reads no device in a project", { timeout: 60_000 }, async () => {
    const project = await bench.shop.project("pipes");
    for (const file of ["pyproject.toml", "uv.lock", "uv.toml"]) {
      execFileSync("mkfifo", [project.path(file)]);
      expect(await project.link(bench.base)).toMatchObject(refusal(`${file} is no file`));
      await rm(project.path(file));
      await symlink("/dev/zero", project.path(file));
      expect(await project.link(bench.base)).toMatchObject(refusal(`${file} is (?:no file|a link)`));
      await rm(project.path(file));
    }
    for (const file of ["requirements.txt", ".python-version"])
      await symlink("/dev/zero", project.path(file));
    expect(await project.link(bench.base)).toMatchObject(done);
    await rm(project.path(".venv/ddiff/link.json"));
    execFileSync("mkfifo", [project.path(".venv/ddiff/link.json")]);
    expect(await project.link(bench.base, "--check")).toMatchObject(refusal("link\\.json is no file"));
    expect(await project.ddiff("link", "--check")).toMatchObject(refusal("link\\.json is no file"));
  });

  it("passes over requirements and refuses files that make no sense", async () => {
    const odd = await bench.shop.project("odd-markers", {
      "pyproject.toml": asking('"torch>=9; platform_machine ~= \'x\'", "torch ~~ 3", "a; b"'),
      "requirements.txt": "torch >= ; python_version\ntorch @ x\n\u0000\n",
    });
    expect(await odd.link(bench.base)).toMatchObject(done);
    for (const [at, text] of ["package = 7\n".repeat(2), `a = ${"[".repeat(50_000)}`, "\u0000"].entries()) {
      const project = await bench.shop.project(`broken-lock-${at}`, { "uv.lock": text });
      expect(await project.link(bench.base)).toMatchObject(refusal("uv\\.lock cannot be read"));
    }
    const strange = await bench.shop.project("strange-tables", {
      "uv.lock": "package = 7\n",
      "pyproject.toml": 'project = 3\ntool = "uv"\n',
    });
    expect(await strange.link(bench.base)).toMatchObject(done);
  });

  it("leaves a uv.toml that is a link to others' alone", async () => {
    const project = await bench.shop.project("linked-settings");
    await symlink(join(others, "victim"), project.path("uv.toml"));
    expect(await project.link(bench.base)).toMatchObject(refusal("uv\\.toml is a link"));
    expect(await readdir(project.folder)).toEqual(["uv.toml"]);
    await unlink(project.path("uv.toml"));
    expect(await project.link(bench.base)).toMatchObject(done);
    await rename(project.path("uv.toml"), join(bench.shop.folder, "shared-uv.toml"));
    await symlink(join(bench.shop.folder, "shared-uv.toml"), project.path("uv.toml"));
    expect(await project.link(bench.base, "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("UV_TOML"),
    });
    expect(await program(project, "unlink")).toMatchObject(done);
    expect(await readdir(bench.shop.folder)).toContain("shared-uv.toml");
    await expectUntouched();
  });

  it("shows settings to nobody who may not read what they are from", async () => {
    const index = '[[index]]\nname = "mine"\nurl = "https://ann:secret@example.org/simple"\n';
    const own = await bench.shop.project("private-settings", { "uv.toml": index });
    await chmod(own.path("uv.toml"), 0o600);
    expect(await own.link(bench.base)).toMatchObject(done);
    expect(await modeOf(own.path("uv.toml"))).toBe("600");
    expect(await program(own, "unlink")).toMatchObject(done);
    expect(await modeOf(own.path("uv.toml"))).toBe("600");
    const taken = await bench.shop.project("private-project", {
      "pyproject.toml": asking("", index.replace("[[", "[[tool.uv.")),
    });
    await chmod(taken.path("pyproject.toml"), 0o640);
    expect(await taken.link(bench.base)).toMatchObject(done);
    expect(await taken.read("uv.toml")).toContain("ann:secret");
    expect(await modeOf(taken.path("uv.toml"))).toBe("640");
  });

  it("works in folders with names that programs could take for something else", async () => {
    for (const name of ["--prompt", "a\nimport os"]) {
      const project = await bench.linked(name);
      expect((await project.run(project.path(".venv/bin/torchrun"))).output).toBe("torchrun\n");
      expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
    }
  });

  it("clears away what a killed run has left in .venv itself", async () => {
    const project = await bench.linked("left-over");
    const before = await treeOf(project.folder);
    await project.write(".venv/ddiff/.ddiff-aside-x7", "half");
    await mkdir(project.path(".ddiff-aside-y8"));
    expect(await project.link(bench.base)).toMatchObject(done);
    expect(await treeOf(project.folder)).toEqual(before);
  });

  /** A copy of the base, in which a file is another. */
  async function oddBase(name: string, file: string, text: string): Promise<string> {
    const odd = join(bench.shop.folder, name);
    await cp(bench.base, odd, { recursive: true, verbatimSymlinks: true });
    const place = (await readdir(odd, { recursive: true })).find((path) => path.endsWith(file)) ?? "";
    await rm(join(odd, place));
    await writeFile(join(odd, place), text);
    return odd;
  }

  describe("a base that is odd", () => {
    it.each([
      [
        "a program that leads out",
        "numpy-1.26.4.dist-info/entry_points.txt",
        "[console_scripts]\n../../../new = a:b\n",
        "leads out of \\.venv",
      ],
      [
        "a version that leads out",
        "numpy-1.26.4.dist-info/METADATA",
        "Name: numpy\nVersion: 1/../../../../../../new\n",
        "leads out of \\.venv",
      ],
      [
        "programs that are no list",
        "numpy-1.26.4.dist-info/entry_points.txt",
        "a = b\n",
        "entry_points\\.txt cannot be read",
      ],
      [
        "a field without an end",
        "numpy-1.26.4.dist-info/RECORD",
        `"${"x".repeat(200_000)}`,
        "RECORD cannot be read",
      ],
    ])("with %s is refused, and nothing is written", async (title, file, text, words) => {
      const odd = await oddBase(title.replaceAll(" ", "-"), file, text);
      const project = await bench.shop.project(`on-${title}`);
      expect(await project.link(odd, "2.5.1")).toMatchObject(refusal(words));
      expect(await readdir(project.folder)).toEqual([]);
      await rm(odd, { recursive: true });
    });

    it("with files of packages above or beside theirs shows what is inside", async () => {
      const rows = [
        "share/../../../../new",
        "bin/../../new",
        "etc/./x",
        "/etc/passwd",
        "share//x",
        "numpy/__init__.py",
      ];
      const odd = await oddBase(
        "odd-record",
        "numpy-1.26.4.dist-info/RECORD",
        rows.map((row) => `${row},,\n`).join(""),
      );
      const project = await bench.shop.project("on-odd-record");
      const before = await readdir(bench.shop.folder);
      expect(await project.link(odd, "2.5.1")).toMatchObject(done);
      expect(await project.link(odd, "--check")).toEqual(wholeLink);
      expect(await readdir(bench.shop.folder)).toEqual(before);
      await rm(odd, { recursive: true });
    });

    it("and a base.json that is none are told, by the base's program and by ddiff", {
      timeout: 60_000,
    }, async () => {
      const odd = await oddBase("odd-json", "base.json", "");
      const project = await bench.shop.project("on-odd-json");
      for (const text of [
        "{",
        "[]",
        "null",
        "[".repeat(100_000),
        '{"schema": 1}',
        '{"schema": 1, "pythons": 7}',
        python({ version: "3.11/../../others", executable: "/usr/bin/python3" }),
        python({ version: "3.11", executable: "others/program" }),
        python({ version: "3.11", executable: "/usr/bin/\u0000" }),
        python({ version: "3.11", executable: 3 }),
        python({ version: 3.11, executable: "/usr/bin/python3" }),
      ]) {
        await writeFile(join(odd, "base.json"), text);
        expect(await program(project, "link", "--root", odd), text).toMatchObject(
          refusal("base\\.json cannot be read"),
        );
        expect(await project.ddiff("link", "--base", odd), text).toMatchObject(refusal("base\\.json"));
      }
      expect(await readdir(project.folder)).toEqual([]);
    });
  });

  it("runs no base that only the project itself names, and that lies in it", async () => {
    const project = await bench.linked("own-base");
    const told = JSON.parse(await project.read(".venv/ddiff/link.json")) as object;
    const own = project.path("base");
    await mkdir(join(own, "bin"), { recursive: true });
    await cp(join(bench.base, "base.json"), join(own, "base.json"));
    await writeFile(join(own, "bin/base.py"), `open(${JSON.stringify(project.path("was-run"))}, "w")\n`);
    for (const base of [own, "base", "./base"]) {
      await project.write(".venv/ddiff/link.json", JSON.stringify({ ...told, base }));
      for (const words of [["link"], ["link", "--check"], ["unlink", "--project", project.path("none")]])
        await project.ddiff(...words);
      expect(await readdir(project.folder)).not.toContain("was-run");
    }
  });
});
