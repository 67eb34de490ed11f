import { execFileSync, spawn } from "node:child_process";
import { lstat, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Ended,
  LinkWorkshop,
  type TestProject,
  testedPips,
  testedUvs,
} from "./support/link/workshop.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const uvs = testedUvs();
const pips = testedPips();
const missing = firstMissing(
  toolMissing("python3"),
  uvs.length > 0 ? undefined : "$DDIFF_TEST_UV names no folder with uv",
  pips.length > 0 ? undefined : "$DDIFF_TEST_PIP names no folder with wheels of pip",
);
const newestUv = uvs.at(-1)?.program ?? "uv";

/** A pyproject.toml that asks for these packages. */
const asking = (packages: string, more = ""): string =>
  `[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = [${packages}]\n${more}`;

const done = { status: 0 };
const wholeLink = { status: 0, output: expect.stringContaining("everything is in place") };

describePlace("link", missing, () => {
  let shop: LinkWorkshop;
  let base = "";
  let untouched: string[] = [];

  beforeAll(async () => {
    shop = await LinkWorkshop.open(newestUv);
    base = await shop.makeBase("base", ["2.4.1", "2.5.1", "2.6.0"]);
    untouched = await treeOf(base);
  }, 120_000);
  afterAll(async () => {
    // Whatever was done in projects: nothing was written into the base.
    expect(await treeOf(base)).toEqual(untouched);
    await shop.close();
  });

  /** A project that is linked to torch 2.5.1. */
  async function linked(name: string, files: Record<string, string> = {}): Promise<TestProject> {
    const project = await shop.project(name, files);
    expect(await project.link(base, "2.5.1")).toMatchObject(done);
    return project;
  }

  /** No torch and no library of NVIDIA's stands in the project itself, and the base's is imported. */
  async function expectBasesTorch(project: TestProject, version = "2.5.1"): Promise<void> {
    expect(await project.ask("torch.__version__, torch.__file__")).toContain(
      `${version}+cu124 ${base}/python`,
    );
    expect((await treeOf(project.path(".venv"))).filter((line) => /\.so\b/.test(line))).toEqual([]);
  }

  describe.each(uvs)("uv $version", ({ program: uv }) => {
    const name = (what: string): string => `${what}-${uvs.findIndex(({ program }) => program === uv)}`;

    it("installs what is missing, and nothing that the base has", async () => {
      const project = await linked(name("pip"));
      expect(await project.run(uv, "pip", "install", "lightning", "nvidia-dali")).toMatchObject(done);
      await expectBasesTorch(project);
      expect((await readdir(project.site())).filter((one) => one.startsWith("lightning"))).toHaveLength(2);
      expect(
        await project.ask("__import__('nvidia.dali').dali.name, __import__('nvidia.cublas').cublas.__file__"),
      ).toMatch(/^dali .*python.*torch2\.5\.1/);
      expect(await project.run(uv, "pip", "check")).toMatchObject(done);
      expect(await project.run(uv, "pip", "install", "-U", "torch")).toMatchObject(done);
      expect(await project.run(uv, "pip", "install", "--reinstall", "torch")).toMatchObject(done);
      await expectBasesTorch(project);
      expect(await project.link(base, "--check")).toEqual(wholeLink);
    });

    it("refuses a torch that is not the base's, and says so", async () => {
      const project = await linked(name("refuses"), { "pyproject.toml": asking("") });
      const before = await treeOf(project.path(".venv"));
      for (const words of [
        ["pip", "install", "torch==2.6.0"],
        ["pip", "install", "needs-new-torch"],
        ["add", "torch>=2.6"],
      ]) {
        const { status, output } = await project.run(uv, ...words);
        expect(status).not.toBe(0);
        expect(output.replace(/\s+/g, " ")).toMatch(
          /only torch==2\.5\.1\+cu124 is available|no version of torch==2\.6\.0/,
        );
      }
      expect(await treeOf(project.path(".venv"))).toEqual(before);
    });

    it("locks, syncs, adds and runs with the base's torch", async () => {
      const project = await linked(name("sync"), {
        "pyproject.toml": asking('"forks", "lightning", "torch>=2.4"'),
      });
      expect(await project.run(uv, "sync")).toMatchObject(done);
      expect(await project.run(uv, "sync", "--locked")).toMatchObject(done);
      expect(await project.run(uv, "sync", "--frozen")).toMatchObject(done);
      expect(await project.run(uv, "add", "torchvision")).toMatchObject(done);
      const { output } = await project.run(
        uv,
        "run",
        "python",
        "-c",
        "import torchvision, torch; print(torch.__version__)",
      );
      expect(output).toContain("2.5.1+cu124");
      await expectBasesTorch(project);
      // uv add keeps the index that the test names: that is a setting of [tool.uv].
      expect(await project.link(base)).toMatchObject(done);
      expect(await project.link(base, "--check")).toEqual(wholeLink);
    });

    it("heeds a lock file of PyPI's, also where that torch is for another CUDA", async () => {
      for (const version of ["2.5.1", "2.4.1"]) {
        const elsewhere = await shop.project(name(`pypi-${version}`), {
          "pyproject.toml": asking(`"torch==${version}"`),
        });
        expect(await elsewhere.run(uv, "lock")).toMatchObject(done);
        const lock = await elsewhere.read("uv.lock");
        expect(lock).toContain(`version = "${version}"`);
        expect(await elsewhere.link(base)).toMatchObject(done);
        for (const flag of ["--locked", "--frozen"])
          expect(await elsewhere.run(uv, "sync", flag)).toMatchObject(done);
        expect(await elsewhere.read("uv.lock")).toBe(lock);
        await expectBasesTorch(elsewhere, version);
        expect(await elsewhere.run(uv, "add", "lightning")).toMatchObject(done);
        await expectBasesTorch(elsewhere, version);
      }
    });

    it("installs nothing for a lock file of another torch, whenever that comes", async () => {
      const elsewhere = await shop.project(name("locked"), { "pyproject.toml": asking('"torch==2.7.0"') });
      expect(await elsewhere.run(uv, "lock")).toMatchObject(done);
      const refused = await elsewhere.link(base, "2.5.1");
      expect(refused).toMatchObject({
        status: 3,
        output: expect.stringContaining("uv.lock holds torch 2.7.0"),
      });
      expect(await readdir(elsewhere.folder)).toEqual(["pyproject.toml", "uv.lock"]);

      const project = await linked(name("late"));
      for (const file of ["pyproject.toml", "uv.lock"]) await project.write(file, await elsewhere.read(file));
      const synced = await project.run(uv, "sync", "--frozen");
      expect(synced.status).not.toBe(0);
      expect(synced.output).toMatch(/\.venv.*site-packages\/(?:torch|nvidia\/cublas)/s);
      await expectBasesTorch(project);
      expect(await project.link(base, "--check")).toMatchObject({
        status: 1,
        output: expect.stringContaining("uv.lock holds torch 2.7.0"),
      });
      for (const file of ["pyproject.toml", "uv.lock"]) await rm(project.path(file));
      expect(await project.link(base)).toMatchObject(done);
      expect(await project.link(base, "--check")).toEqual(wholeLink);
    });

    it("keeps torch where the project does not ask for it yet", async () => {
      const text = asking('"sympy==1.13.1"', '[project.optional-dependencies]\ngpu = ["torch==2.5.1"]\n');
      const project = await shop.project(name("extra"), { "pyproject.toml": text });
      // A lock of PyPI's, made before linking.
      expect(await project.run(uv, "lock")).toMatchObject(done);
      expect(await project.link(base, "2.5.1")).toMatchObject(done);
      for (const words of [[], [], ["--extra", "gpu"]])
        expect(await project.run(uv, "sync", ...words)).toMatchObject(done);
      await expectBasesTorch(project);
    });

    it("takes settings over from [tool.uv]", async () => {
      const settings =
        '[tool.uv]\nindex-strategy = "unsafe-best-match"\nconstraint-dependencies = ["sympy<2"]\n';
      const index = `[[tool.uv.index]]\nname = "pytorch"\nurl = "${shop.index("pytorch")}"\n`;
      const project = await linked(name("settings"), {
        "pyproject.toml": asking('"torch"', settings + index),
      });
      expect(await project.run(uv, "sync")).toMatchObject(done);
      await expectBasesTorch(project);
      await project.write("pyproject.toml", asking('"torch"', settings));
      expect(await project.link(base, "--check")).toMatchObject({
        status: 1,
        output: expect.stringContaining("UV_TOML"),
      });
      expect(await project.link(base)).toMatchObject(done);
      expect(await project.read("uv.toml")).not.toContain("pytorch");
    });

    it("builds extensions in an environment of their own against the base's torch", async () => {
      const project = await linked(name("extension"));
      await mkdir(project.path("kernels"));
      await project.write(
        "kernels/pyproject.toml",
        '[project]\nname = "kernels"\nversion = "1"\n[build-system]\nrequires = ["torch", "numpy"]\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      );
      await project.write("kernels/backend.py", buildBackend);
      expect(await project.run(uv, "pip", "install", "./kernels")).toMatchObject(done);
      expect(await project.ask("__import__('kernels').made_with")).toBe("2.5.1+cu124");
      await expectBasesTorch(project);
    });
  });

  describe.each(pips)("pip $version", ({ version }) => {
    it("installs what is missing, refuses another torch, and replaces what is not torch's", {
      timeout: 180_000,
    }, async () => {
      const project = await linked(`by-pip-${version}`, { "requirements.txt": "lightning\ntorch>=2.4\n" });
      const pip = (...words: string[]): Promise<Ended> =>
        project.run(project.path(".venv/bin/pip"), ...words);
      expect(await pip("install", `pip==${version}`)).toMatchObject(done);
      expect((await pip("--version")).output).toContain(`pip ${version} from`);
      expect(await pip("install", "-r", "requirements.txt")).toMatchObject(done);
      expect(await pip("check")).toMatchObject(done);
      for (const wanted of ["torch==2.6.0", "needs-new-torch"]) {
        const { status, output } = await pip("install", wanted);
        expect(status).not.toBe(0);
        expect(output).toContain("The user requested (constraint) torch==2.5.1+cu124");
      }
      expect(await pip("install", "-U", "--force-reinstall", "torch")).toMatchObject(done);
      await expectBasesTorch(project);
      expect(await pip("install", "numpy==2.1.0")).toMatchObject(done);
      expect(await project.ask("__import__('numpy').__version__")).toBe("2.1.0");
      expect((await project.run(project.path(".venv/bin/f2py"))).output).toBe("f2py of 2.1.0\n");
      expect(await project.link(base)).toMatchObject(done);
      expect(await project.ask("__import__('numpy').__version__")).toBe("2.1.0");
      expect(await pip("uninstall", "-y", "numpy")).toMatchObject(done);
      expect(await project.ask("__import__('numpy').__version__")).toBe("1.26.4");
    });

    it("writes no second torch where its settings are overruled", async () => {
      const project = await linked(`overruled-${version}`);
      const words = ["install", "--isolated", "--index-url", shop.index("pypi"), "torch==2.6.0"];
      expect((await project.run(project.path(".venv/bin/pip"), ...words)).status).not.toBe(0);
      await expectBasesTorch(project);
    });
  });

  it("shows programs, data and hooks of the base's packages in .venv, and writes only there", async () => {
    const project = await linked("things");
    expect((await project.run(project.path(".venv/bin/torchrun"))).output).toBe("torchrun\n");
    expect((await project.run(project.path(".venv/bin/jlpm"))).output).toBe(`${project.path(".venv")}\n`);
    expect(await project.read(".venv/share/jupyter/lab/static/index.html")).toBe("lab");
    expect(await project.ask("__import__('jupyterlab').hooked")).toBe("True");
    // Editors read plain lines.
    const lines = (await project.read(project.site("ddiff.pth").slice(project.folder.length)))
      .trim()
      .split("\n");
    expect(lines).toEqual([expect.stringMatching(/torch2\.5\.1$/), expect.stringMatching(/common$/)]);
    expect(await project.run(newestUv, "pip", "install", "widgets")).toMatchObject(done);
    expect(await readdir(project.path(".venv/share/jupyter/labextensions/@lab"))).toEqual([
      "core",
      "widgets",
    ]);
  });

  it("links any number of projects to one torch, each with what it installs itself", async () => {
    const one = await linked("one");
    const other = await linked("other");
    expect(await one.run(newestUv, "pip", "install", "numpy==2.1.0")).toMatchObject(done);
    expect(await one.ask("__import__('numpy').__version__")).toBe("2.1.0");
    expect(await other.ask("__import__('numpy').__version__")).toBe("1.26.4");
  });

  it("changes nothing when it is done again, and switches versions", async () => {
    const project = await linked("again");
    expect(await project.run(newestUv, "pip", "install", "lightning")).toMatchObject(done);
    const before = await treeOf(project.folder);
    expect(await project.link(base)).toMatchObject(done);
    expect(await treeOf(project.folder)).toEqual(before);
    expect(await project.link(base, "2.6.0")).toMatchObject(done);
    await expectBasesTorch(project, "2.6.0");
    expect(await project.ask("__import__('lightning').__name__")).toBe("lightning");
    expect(await project.link(base, "--check")).toEqual(wholeLink);
    expect(await project.link(base, "2.5.1")).toMatchObject(done);
    expect(await treeOf(project.folder)).toEqual(before);
  });

  it("tells how a lock file follows to another version", async () => {
    const project = await linked("follows", { "pyproject.toml": asking('"lightning"') });
    expect(await project.run(newestUv, "sync")).toMatchObject(done);
    const switched = await project.link(base, "2.6.0");
    expect(switched.status).toBe(0);
    const words = /`uv (lock [^`]+)`/.exec(switched.output)?.[1]?.split(" ") ?? [];
    expect(await project.link(base, "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("LOCK_CHANGED"),
    });
    expect(await project.run(newestUv, ...words)).toMatchObject(done);
    expect(await project.run(newestUv, "sync")).toMatchObject(done);
    await expectBasesTorch(project, "2.6.0");
    expect(await project.link(base, "--check")).toEqual(wholeLink);
  });

  it("takes the newest torch that the project's files allow", async () => {
    const free = await shop.project("free");
    expect(await free.link(base)).toMatchObject(done);
    await expectBasesTorch(free, "2.6.0");
    const bound = await shop.project("bound", {
      "requirements.txt": "# torch\ntorch>=2.4, <2.6  # not yet\n-e .\n",
    });
    expect(await bound.link(base)).toMatchObject(done);
    await expectBasesTorch(bound, "2.5.1");
    const neither = await shop.project("neither", { "pyproject.toml": asking('"torch>=2.7"') });
    expect(await neither.link(base)).toMatchObject({
      status: 3,
      output: expect.stringContaining("asks for torch>=2.7"),
    });
    const foreign = await shop.project("foreign-python", { ".python-version": "3.99\n" });
    expect(await foreign.link(base)).toMatchObject({
      status: 3,
      output: expect.stringContaining(".python-version names 3.99"),
    });
    expect(await free.link(base, "1.0")).toMatchObject({
      status: 3,
      output: expect.stringContaining("It has 2.4.1+cu124"),
    });
  });

  it("leaves an environment alone that is not ddiff's", async () => {
    const project = await shop.project("foreign");
    expect(await project.run("python3", "-m", "venv", "--without-pip", ".venv")).toMatchObject(done);
    await writeFile(project.site("mine.py"), "");
    const before = await treeOf(project.folder);
    expect(await project.link(base)).toMatchObject({ status: 3, output: expect.stringContaining("--force") });
    expect(await treeOf(project.folder)).toEqual(before);
    expect(await project.link(base, "--force")).toMatchObject(done);
    expect(await project.link(base, "--check")).toEqual(wholeLink);

    // As the links of old into a base's own environment.
    const shared = await shop.project("shared");
    await symlink(project.path(".venv"), shared.path(".venv"));
    expect(await shared.link(base)).toMatchObject({ status: 3 });
    expect(await shared.link(base, "--force")).toMatchObject(done);
    expect((await lstat(shared.path(".venv"))).isDirectory()).toBe(true);
    expect(await project.link(base, "--check")).toEqual(wholeLink);
  });

  it("finds a second torch, and removes it only when told", async () => {
    const project = await linked("second");
    await rm(project.site("torch"));
    const wheel = join(
      shop.folder,
      "pypi",
      (await readdir(join(shop.folder, "pypi"))).find((file) => file.startsWith("torch-2.6.0-")) ?? "",
    );
    expect(await project.run(newestUv, "pip", "install", "--no-deps", wheel)).toMatchObject({ status: 2 });
    await rm(project.site("torchgen"));
    expect(await project.run(newestUv, "pip", "install", "--no-deps", wheel)).toMatchObject(done);
    expect(await project.link(base, "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("SECOND_TORCH"),
    });
    expect(await project.link(base)).toMatchObject({ status: 3, output: expect.stringContaining("--force") });
    expect(await project.link(base, "--force")).toMatchObject(done);
    await expectBasesTorch(project);
    expect(await project.link(base, "--check")).toEqual(wholeLink);
  });

  it("works where folders have spaces, and behind links", async () => {
    const project = await linked("a name with 'signs' & spaces");
    expect(await project.run(newestUv, "pip", "install", "lightning")).toMatchObject(done);
    expect(await project.run(project.path(".venv/bin/pip"), "install", "-U", "torch")).toMatchObject(done);
    expect((await project.run(project.path(".venv/bin/torchrun"))).output).toBe("torchrun\n");
    await expectBasesTorch(project);
    const real = await shop.project("real");
    await symlink(real.folder, join(shop.folder, "projects", "behind"));
    const behind = await shop.project("behind");
    expect(await behind.link(base, "2.5.1")).toMatchObject(done);
    await expectBasesTorch(behind);
    expect(await real.link(base, "--check")).toEqual(wholeLink);
  });

  it("finds out when the base or the project was moved, and mends it", async () => {
    const project = await linked("moved");
    const elsewhere = join(shop.folder, "elsewhere");
    await rename(base, elsewhere);
    try {
      expect(await project.link(elsewhere, "--check")).toMatchObject({
        status: 1,
        output: expect.stringContaining("BASE_GONE"),
      });
      expect(await project.link(elsewhere)).toMatchObject(done);
      expect(await project.link(elsewhere, "--check")).toEqual(wholeLink);
    } finally {
      await rename(elsewhere, base);
    }
    await rename(project.folder, `${project.folder}-on`);
    const later = await shop.project("moved-on");
    expect(await later.link(base, "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("PROJECT_MOVED"),
    });
    expect(await later.link(base)).toMatchObject(done);
    expect(await later.link(base, "--check")).toEqual(wholeLink);
    expect((await later.run(later.path(".venv/bin/torchrun"))).output).toBe("torchrun\n");
  });

  it("is whole or not there when it is killed, and mended by the next run", {
    timeout: 180_000,
  }, async () => {
    const project = await shop.project("killed");
    for (let pause = 60; pause <= 420; pause += 40) {
      const child = spawn(join(base, "bin/uv_init_torch"), [pause % 80 === 60 ? "2.5.1" : "2.6.0"], {
        cwd: project.folder,
        stdio: "ignore",
        detached: true,
      });
      await sleep(pause);
      // The whole group: what a container's end or a lost session kills.
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      const { output } = await project.link(base, "--check");
      expect(output).toMatch(/NOT_LINKED|LINK_HALF|UV_TOML|everything is in place/);
      expect(output).not.toContain("Traceback");
      expect(await project.link(base)).toMatchObject(done);
      expect(await project.link(base, "--check")).toEqual(wholeLink);
      expect((await readdir(project.folder)).sort()).toEqual([".venv", "uv.toml"]);
      if (pause % 120 === 60) await rm(project.path(".venv"), { recursive: true });
    }
  });

  it("lets one run wait for another", async () => {
    const project = await shop.project("at-once");
    const ended = await Promise.all(
      ["2.5.1", "2.6.0", "2.5.1", "2.6.0"].map((version) => project.link(base, version)),
    );
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(await project.link(base, "--check")).toEqual(wholeLink);
  });

  it("gives back a uv.toml of the project's own as it was", async () => {
    const own = 'native-tls = true\n\n[[index]]\nname = "mine"\nurl = "https://example.org/simple"\n';
    const project = await shop.project("own-settings", { "uv.toml": own });
    expect(await project.link(base, "2.5.1")).toMatchObject(done);
    expect((await project.read("uv.toml")).indexOf("ddiff-base")).toBeLessThan(
      (await project.read("uv.toml")).indexOf("mine"),
    );
    expect(await project.link(base)).toMatchObject(done);
    expect(await project.run("python3", join(base, "bin/base.py"), "unlink")).toMatchObject({ status: 0 });
    expect(await project.read("uv.toml")).toBe(own);
    expect(await readdir(project.folder)).toEqual(["uv.toml"]);
  });

  it("leaves the project's own packages when the link is taken away", async () => {
    const project = await linked("unlinked");
    expect(await project.run(newestUv, "pip", "install", "widgets")).toMatchObject(done);
    expect(await project.run("python3", join(base, "bin/base.py"), "unlink")).toMatchObject(done);
    expect((await project.run(project.path(".venv/bin/python"), "-c", "import widgets")).status).toBe(0);
    expect((await project.run(project.path(".venv/bin/python"), "-c", "import torch")).status).toBe(1);
    expect((await readdir(project.site())).sort()).toEqual(["widgets", "widgets-1.0.dist-info"]);
  });

  it("says what fails where nothing can be written", async () => {
    const project = await shop.project("gone");
    const words = ["link", "2.5.1", "--project", project.path("not-there")];
    expect(await project.run("python3", join(base, "bin/base.py"), ...words)).toMatchObject({ status: 3 });
    await writeFile(project.path("file"), "");
    expect(
      await project.run(join(base, "bin/uv_init_torch2.5.1"), "--project", project.path("file")),
    ).toMatchObject({ status: 3 });
    expect(await project.link(base, "--no-such-option")).toMatchObject({ status: 2 });
    await project.write("pyproject.toml", "[project\n");
    expect(await project.link(base)).toMatchObject({
      status: 3,
      output: expect.stringContaining("pyproject.toml cannot be read"),
    });
    expect((await readdir(project.folder)).sort()).toEqual(["file", "pyproject.toml"]);
  });

  it("does the same by ddiff link", async () => {
    const project = await shop.project("by-ddiff");
    const ddiff = (...words: string[]): Promise<Ended> =>
      project.run(process.execPath, join(import.meta.dirname, "../src/main.ts"), ...words);
    expect(await ddiff("link", "--check", "--base", base)).toMatchObject({
      status: 1,
      output: expect.stringContaining("NOT_LINKED"),
    });
    expect(await ddiff("link", "2.5.1", "--base", base)).toMatchObject({
      status: 0,
      output: expect.stringContaining("is linked to torch 2.5.1+cu124"),
    });
    // From now on the project knows its base.
    expect(await ddiff("link", "--check")).toMatchObject(done);
    expect(JSON.parse((await ddiff("link", "2.6.0", "--json")).output)).toMatchObject({
      torch: "2.6.0+cu124",
      note: null,
    });
    expect(await ddiff("link", "9")).toMatchObject({
      status: 3,
      output: expect.stringContaining("the base has no torch 9"),
    });
    // Looking and taking away go without a base.
    await rename(base, `${base}-gone`);
    expect(await ddiff("link", "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("BASE_GONE"),
    });
    expect(await ddiff("unlink")).toMatchObject({
      status: 0,
      output: expect.stringContaining(".venv is gone"),
    });
    await rename(`${base}-gone`, base);
    expect(await ddiff("link", "--base", project.folder)).toMatchObject({
      status: 3,
      output: expect.stringContaining("is no base"),
    });
  });
});

describePlace("link-full-disk", firstMissing(missing, notRoot(), toolMissing("mount")), () => {
  it("leaves nothing half done on a full disk", async () => {
    const shop = await LinkWorkshop.open(newestUv);
    const base = await shop.makeBase("base", ["2.5.1"]);
    const project = await shop.project("small");
    try {
      for (const size of ["32k", "64k", "128k"]) {
        execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "ddiff-test", project.folder]);
        try {
          expect(await project.link(base)).toMatchObject({
            status: 3,
            output: expect.stringContaining("No space left"),
          });
          expect(await readdir(project.folder)).toEqual([]);
        } finally {
          execFileSync("umount", [project.folder]);
        }
      }
    } finally {
      await shop.close();
    }
  });
});

/** A build backend that imports torch, as those of CUDA extensions do, and makes a wheel by itself. */
const buildBackend = `
import zipfile, torch
def build_wheel(folder, settings=None, metadata=None):
    name = "kernels-1-py3-none-any.whl"
    files = {
        "kernels.py": f"made_with = {torch.__version__!r}\\n",
        "kernels-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: kernels\\nVersion: 1\\nRequires-Dist: torch\\n",
        "kernels-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    rows = "".join(f"{name},,\\n" for name in [*files, "kernels-1.dist-info/RECORD"])
    with zipfile.ZipFile(f"{folder}/{name}", "w") as archive:
        for place, text in {**files, "kernels-1.dist-info/RECORD": rows}.items():
            archive.writestr(place, text)
    return name
`;

/** Every file below a folder: its path, kind, size, and where it leads. Byte code that Python keeps for itself is left out, and uv's lock. */
async function treeOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const status = await lstat(path);
      const target = entry.isSymbolicLink() ? ` -> ${await readlink(path)}` : "";
      const size = status.isDirectory() ? "" : ` ${status.size}`;
      return `${path.slice(folder.length)} ${status.mode.toString(8)}${size}${target}`;
    }),
  );
  return lines.filter((line) => !/__pycache__|^\/(?:\.venv\/)?\.lock /.test(line)).sort();
}
