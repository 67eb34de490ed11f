import { spawn } from "node:child_process";
import { lstat, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { asking, done, LinkBench, linkMissing, newestUv, treeOf, wholeLink } from "./support/link/linked.ts";
import { describePlace } from "./support/tools.ts";

describePlace("link", linkMissing, () => {
  const bench = LinkBench.prepare(["2.4.1", "2.5.1", "2.6.0"]);

  it("shows programs, data and hooks of the base's packages in .venv, and writes only there", async () => {
    const project = await bench.linked("things");
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
    const one = await bench.linked("one");
    const other = await bench.linked("other");
    expect(await one.run(newestUv, "pip", "install", "numpy==2.1.0")).toMatchObject(done);
    expect(await one.ask("__import__('numpy').__version__")).toBe("2.1.0");
    expect(await other.ask("__import__('numpy').__version__")).toBe("1.26.4");
  });

  it("changes nothing when it is done again, and switches versions", async () => {
    const project = await bench.linked("again");
    expect(await project.run(newestUv, "pip", "install", "lightning")).toMatchObject(done);
    const before = await treeOf(project.folder);
    expect(await project.link(bench.base)).toMatchObject(done);
    expect(await treeOf(project.folder)).toEqual(before);
    expect(await project.link(bench.base, "2.6.0")).toMatchObject(done);
    await bench.expectBasesTorch(project, "2.6.0");
    expect(await project.ask("__import__('lightning').__name__")).toBe("lightning");
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
    expect(await project.link(bench.base, "2.5.1")).toMatchObject(done);
    expect(await treeOf(project.folder)).toEqual(before);
  });

  it("tells how a lock file follows to another version", async () => {
    const project = await bench.linked("follows", { "pyproject.toml": asking('"lightning"') });
    expect(await project.run(newestUv, "sync")).toMatchObject(done);
    const switched = await project.link(bench.base, "2.6.0");
    expect(switched.status).toBe(0);
    const words = /`uv (lock [^`]+)`/.exec(switched.output)?.[1]?.split(" ") ?? [];
    expect(await project.link(bench.base, "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("LOCK_CHANGED"),
    });
    expect(await project.run(newestUv, ...words)).toMatchObject(done);
    expect(await project.run(newestUv, "sync")).toMatchObject(done);
    await bench.expectBasesTorch(project, "2.6.0");
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
  });

  it("takes the newest torch that the project's files allow", async () => {
    const free = await bench.shop.project("free");
    expect(await free.link(bench.base)).toMatchObject(done);
    await bench.expectBasesTorch(free, "2.6.0");
    const bound = await bench.shop.project("bound", {
      "requirements.txt": "# torch\ntorch>=2.4, <2.6  # not yet\n-e .\n",
    });
    expect(await bound.link(bench.base)).toMatchObject(done);
    await bench.expectBasesTorch(bound, "2.5.1");
    const neither = await bench.shop.project("neither", { "pyproject.toml": asking('"torch>=2.7"') });
    expect(await neither.link(bench.base)).toMatchObject({
      status: 3,
      output: expect.stringContaining("asks for torch>=2.7"),
    });
    const foreign = await bench.shop.project("foreign-python", { ".python-version": "3.99\n" });
    expect(await foreign.link(bench.base)).toMatchObject({
      status: 3,
      output: expect.stringContaining(".python-version names 3.99"),
    });
    expect(await free.link(bench.base, "1.0")).toMatchObject({
      status: 3,
      output: expect.stringContaining("It has 2.4.1+cu124"),
    });
  });

  it("leaves an environment alone that is not ddiff's", async () => {
    const project = await bench.shop.project("foreign");
    expect(await project.run("python3", "-m", "venv", "--without-pip", ".venv")).toMatchObject(done);
    await writeFile(project.site("mine.py"), "");
    const before = await treeOf(project.folder);
    expect(await project.link(bench.base)).toMatchObject({
      status: 3,
      output: expect.stringContaining("--force"),
    });
    expect(await treeOf(project.folder)).toEqual(before);
    expect(await project.link(bench.base, "--force")).toMatchObject(done);
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);

    // As the links of old into a base's own environment.
    const shared = await bench.shop.project("shared");
    await symlink(project.path(".venv"), shared.path(".venv"));
    expect(await shared.link(bench.base)).toMatchObject({ status: 3 });
    expect(await shared.link(bench.base, "--force")).toMatchObject(done);
    expect((await lstat(shared.path(".venv"))).isDirectory()).toBe(true);
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
  });

  it("finds a second torch, and removes it only when told", async () => {
    const project = await bench.linked("second");
    await rm(project.site("torch"));
    const wheel = join(
      bench.shop.folder,
      "pypi",
      (await readdir(join(bench.shop.folder, "pypi"))).find((file) => file.startsWith("torch-2.6.0-")) ?? "",
    );
    expect(await project.run(newestUv, "pip", "install", "--no-deps", wheel)).toMatchObject({ status: 2 });
    await rm(project.site("torchgen"));
    expect(await project.run(newestUv, "pip", "install", "--no-deps", wheel)).toMatchObject(done);
    expect(await project.link(bench.base, "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("SECOND_TORCH"),
    });
    expect(await project.link(bench.base)).toMatchObject({
      status: 3,
      output: expect.stringContaining("--force"),
    });
    expect(await project.link(bench.base, "--force")).toMatchObject(done);
    await bench.expectBasesTorch(project);
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
  });

  it("works where folders have spaces, and behind links", async () => {
    const project = await bench.linked("a name with 'signs' & spaces");
    expect(await project.run(newestUv, "pip", "install", "lightning")).toMatchObject(done);
    expect(await project.run(project.path(".venv/bin/pip"), "install", "-U", "torch")).toMatchObject(done);
    expect((await project.run(project.path(".venv/bin/torchrun"))).output).toBe("torchrun\n");
    await bench.expectBasesTorch(project);
    const real = await bench.shop.project("real");
    await symlink(real.folder, join(bench.shop.folder, "projects", "behind"));
    const behind = await bench.shop.project("behind");
    expect(await behind.link(bench.base, "2.5.1")).toMatchObject(done);
    await bench.expectBasesTorch(behind);
    expect(await real.link(bench.base, "--check")).toEqual(wholeLink);
  });

  it("finds out when the base or the project was moved, and mends it", async () => {
    const project = await bench.linked("moved");
    const elsewhere = join(bench.shop.folder, "elsewhere");
    await rename(bench.base, elsewhere);
    try {
      expect(await project.link(elsewhere, "--check")).toMatchObject({
        status: 1,
        output: expect.stringContaining("BASE_GONE"),
      });
      expect(await project.link(elsewhere)).toMatchObject(done);
      expect(await project.link(elsewhere, "--check")).toEqual(wholeLink);
    } finally {
      await rename(elsewhere, bench.base);
    }
    await rename(project.folder, `${project.folder}-on`);
    const later = await bench.shop.project("moved-on");
    expect(await later.link(bench.base, "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("PROJECT_MOVED"),
    });
    expect(await later.link(bench.base)).toMatchObject(done);
    expect(await later.link(bench.base, "--check")).toEqual(wholeLink);
    expect((await later.run(later.path(".venv/bin/torchrun"))).output).toBe("torchrun\n");
  });

  it("is whole or not there when it is killed, and mended by the next run", {
    timeout: 180_000,
  }, async () => {
    const project = await bench.shop.project("killed");
    for (let pause = 60; pause <= 420; pause += 40) {
      const child = spawn(join(bench.base, "bin/uv_init_torch"), [pause % 80 === 60 ? "2.5.1" : "2.6.0"], {
        cwd: project.folder,
        stdio: "ignore",
        detached: true,
      });
      await sleep(pause);
      // The whole group: what a container's end or a lost session kills.
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      const { output } = await project.link(bench.base, "--check");
      expect(output).toMatch(/NOT_LINKED|LINK_HALF|UV_TOML|everything is in place/);
      expect(output).not.toContain("Traceback");
      expect(await project.link(bench.base)).toMatchObject(done);
      expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
      expect((await readdir(project.folder)).sort()).toEqual([".venv", "uv.toml"]);
      if (pause % 120 === 60) await rm(project.path(".venv"), { recursive: true });
    }
  });

  it("lets one run wait for another", async () => {
    const project = await bench.shop.project("at-once");
    const ended = await Promise.all(
      ["2.5.1", "2.6.0", "2.5.1", "2.6.0"].map((version) => project.link(bench.base, version)),
    );
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
  });

  it("gives back a uv.toml of the project's own as it was", async () => {
    const own = 'native-tls = true\n\n[[index]]\nname = "mine"\nurl = "https://example.org/simple"\n';
    const project = await bench.shop.project("own-settings", { "uv.toml": own });
    expect(await project.link(bench.base, "2.5.1")).toMatchObject(done);
    expect((await project.read("uv.toml")).indexOf("ddiff-base")).toBeLessThan(
      (await project.read("uv.toml")).indexOf("mine"),
    );
    expect(await project.link(bench.base)).toMatchObject(done);
    expect(await project.run("python3", join(bench.base, "bin/base.py"), "unlink")).toMatchObject({
      status: 0,
    });
    expect(await project.read("uv.toml")).toBe(own);
    expect(await readdir(project.folder)).toEqual(["uv.toml"]);
  });

  it("leaves the project's own packages when the link is taken away", async () => {
    const project = await bench.linked("unlinked");
    expect(await project.run(newestUv, "pip", "install", "widgets")).toMatchObject(done);
    expect(await project.run("python3", join(bench.base, "bin/base.py"), "unlink")).toMatchObject(done);
    expect((await project.run(project.path(".venv/bin/python"), "-c", "import widgets")).status).toBe(0);
    expect((await project.run(project.path(".venv/bin/python"), "-c", "import torch")).status).toBe(1);
    expect((await readdir(project.site())).sort()).toEqual(["widgets", "widgets-1.0.dist-info"]);
  });

  it("says what fails where nothing can be written", async () => {
    const project = await bench.shop.project("gone");
    const words = ["link", "2.5.1", "--project", project.path("not-there")];
    expect(await project.run("python3", join(bench.base, "bin/base.py"), ...words)).toMatchObject({
      status: 3,
    });
    await writeFile(project.path("file"), "");
    expect(
      await project.run(join(bench.base, "bin/uv_init_torch2.5.1"), "--project", project.path("file")),
    ).toMatchObject({ status: 3 });
    expect(await project.link(bench.base, "--no-such-option")).toMatchObject({ status: 2 });
    await project.write("pyproject.toml", "[project\n");
    expect(await project.link(bench.base)).toMatchObject({
      status: 3,
      output: expect.stringContaining("pyproject.toml cannot be read"),
    });
    expect((await readdir(project.folder)).sort()).toEqual(["file", "pyproject.toml"]);
  });

  it("does the same by ddiff link", async () => {
    const project = await bench.shop.project("by-ddiff");
    expect(await project.ddiff("link", "--check", "--base", bench.base)).toMatchObject({
      status: 1,
      output: expect.stringContaining("NOT_LINKED"),
    });
    expect(await project.ddiff("link", "2.5.1", "--base", bench.base)).toMatchObject({
      status: 0,
      output: expect.stringContaining("is linked to torch 2.5.1+cu124"),
    });
    // From now on the project knows its base.
    expect(await project.ddiff("link", "--check")).toMatchObject(done);
    expect(JSON.parse((await project.ddiff("link", "2.6.0", "--json")).output)).toMatchObject({
      torch: "2.6.0+cu124",
      note: null,
    });
    expect(await project.ddiff("link", "9")).toMatchObject({
      status: 3,
      output: expect.stringContaining("the base has no torch 9"),
    });
    // Looking and taking away go without a base.
    await rename(bench.base, `${bench.base}-gone`);
    expect(await project.ddiff("link")).toMatchObject({
      status: 3,
      output: expect.stringContaining(`${bench.base} is no base`),
    });
    expect(await project.ddiff("link", "--check")).toMatchObject({
      status: 1,
      output: expect.stringContaining("BASE_GONE"),
    });
    expect(await project.ddiff("unlink")).toMatchObject({
      status: 0,
      output: expect.stringContaining(".venv is gone"),
    });
    await rename(`${bench.base}-gone`, bench.base);
    expect(await project.ddiff("link", "--base", project.folder)).toMatchObject({
      status: 3,
      output: expect.stringContaining("is no base"),
    });
  });
});
