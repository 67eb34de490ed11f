import { mkdir, readdir, rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { asking, done, LinkBench, linkMissing, treeOf, wholeLink } from "./support/link/linked.ts";
import { type Ended, testedPips, testedUvs } from "./support/link/workshop.ts";
import { describePlace } from "./support/tools.ts";

const uvs = testedUvs();
const pips = testedPips();

describePlace("link", linkMissing, () => {
  const bench = LinkBench.prepare(["2.4.1", "2.5.1", "2.6.0"]);

  describe.each(uvs)("uv $version", ({ program: uv }) => {
    const name = (what: string): string => `${what}-${uvs.findIndex(({ program }) => program === uv)}`;

    it("installs what is missing, and nothing that the base has", async () => {
      const project = await bench.linked(name("pip"));
      expect(await project.run(uv, "pip", "install", "lightning", "nvidia-dali")).toMatchObject(done);
      await bench.expectBasesTorch(project);
      expect((await readdir(project.site())).filter((one) => one.startsWith("lightning"))).toHaveLength(2);
      expect(
        await project.ask("__import__('nvidia.dali').dali.name, __import__('nvidia.cublas').cublas.__file__"),
      ).toMatch(/^dali .*python.*torch2\.5\.1/);
      expect(await project.run(uv, "pip", "check")).toMatchObject(done);
      expect(await project.run(uv, "pip", "install", "-U", "torch")).toMatchObject(done);
      expect(await project.run(uv, "pip", "install", "--reinstall", "torch")).toMatchObject(done);
      await bench.expectBasesTorch(project);
      expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
    });

    it("refuses a torch that is not the base's, and says so", async () => {
      const project = await bench.linked(name("refuses"), { "pyproject.toml": asking("") });
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
      const project = await bench.linked(name("sync"), {
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
      await bench.expectBasesTorch(project);
      // uv add keeps the index that the test names: that is a setting of [tool.uv].
      expect(await project.link(bench.base)).toMatchObject(done);
      expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
    });

    it("heeds a lock file of PyPI's, also where that torch is for another CUDA", async () => {
      for (const version of ["2.5.1", "2.4.1"]) {
        const elsewhere = await bench.shop.project(name(`pypi-${version}`), {
          "pyproject.toml": asking(`"torch==${version}"`),
        });
        expect(await elsewhere.run(uv, "lock")).toMatchObject(done);
        const lock = await elsewhere.read("uv.lock");
        expect(lock).toContain(`version = "${version}"`);
        expect(await elsewhere.link(bench.base)).toMatchObject(done);
        for (const flag of ["--locked", "--frozen"])
          expect(await elsewhere.run(uv, "sync", flag)).toMatchObject(done);
        expect(await elsewhere.read("uv.lock")).toBe(lock);
        await bench.expectBasesTorch(elsewhere, version);
        expect(await elsewhere.run(uv, "add", "lightning")).toMatchObject(done);
        await bench.expectBasesTorch(elsewhere, version);
      }
    });

    it("installs nothing for a lock file of another torch, whenever that comes", async () => {
      const elsewhere = await bench.shop.project(name("locked"), {
        "pyproject.toml": asking('"torch==2.7.0"'),
      });
      expect(await elsewhere.run(uv, "lock")).toMatchObject(done);
      const refused = await elsewhere.link(bench.base, "2.5.1");
      expect(refused).toMatchObject({
        status: 3,
        output: expect.stringContaining("uv.lock holds torch 2.7.0"),
      });
      expect(await readdir(elsewhere.folder)).toEqual(["pyproject.toml", "uv.lock"]);

      const project = await bench.linked(name("late"));
      for (const file of ["pyproject.toml", "uv.lock"]) await project.write(file, await elsewhere.read(file));
      const synced = await project.run(uv, "sync", "--frozen");
      expect(synced.status).not.toBe(0);
      expect(synced.output).toMatch(/\.venv.*site-packages\/(?:torch|nvidia\/cublas)/s);
      await bench.expectBasesTorch(project);
      expect(await project.link(bench.base, "--check")).toMatchObject({
        status: 1,
        output: expect.stringContaining("uv.lock holds torch 2.7.0"),
      });
      for (const file of ["pyproject.toml", "uv.lock"]) await rm(project.path(file));
      expect(await project.link(bench.base)).toMatchObject(done);
      expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
    });

    it("keeps torch where the project does not ask for it yet", async () => {
      const text = asking('"sympy==1.13.1"', '[project.optional-dependencies]\ngpu = ["torch==2.5.1"]\n');
      const project = await bench.shop.project(name("extra"), { "pyproject.toml": text });
      // A lock of PyPI's, made before linking.
      expect(await project.run(uv, "lock")).toMatchObject(done);
      expect(await project.link(bench.base, "2.5.1")).toMatchObject(done);
      for (const words of [[], [], ["--extra", "gpu"]])
        expect(await project.run(uv, "sync", ...words)).toMatchObject(done);
      await bench.expectBasesTorch(project);
    });

    it("takes settings over from [tool.uv]", async () => {
      const settings =
        '[tool.uv]\nindex-strategy = "unsafe-best-match"\nconstraint-dependencies = ["sympy<2"]\n';
      const index = `[[tool.uv.index]]\nname = "pytorch"\nurl = "${bench.shop.index("pytorch")}"\n`;
      const project = await bench.linked(name("settings"), {
        "pyproject.toml": asking('"torch"', settings + index),
      });
      expect(await project.run(uv, "sync")).toMatchObject(done);
      await bench.expectBasesTorch(project);
      await project.write("pyproject.toml", asking('"torch"', settings));
      expect(await project.link(bench.base, "--check")).toMatchObject({
        status: 1,
        output: expect.stringContaining("UV_TOML"),
      });
      expect(await project.link(bench.base)).toMatchObject(done);
      expect(await project.read("uv.toml")).not.toContain("pytorch");
    });

    it("builds extensions in an environment of their own against the base's torch", async () => {
      const project = await bench.linked(name("extension"));
      await mkdir(project.path("kernels"));
      await project.write(
        "kernels/pyproject.toml",
        '[project]\nname = "kernels"\nversion = "1"\n[build-system]\nrequires = ["torch", "numpy"]\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      );
      await project.write("kernels/backend.py", buildBackend);
      expect(await project.run(uv, "pip", "install", "./kernels")).toMatchObject(done);
      expect(await project.ask("__import__('kernels').made_with")).toBe("2.5.1+cu124");
      await bench.expectBasesTorch(project);
    });
  });

  describe.each(pips)("pip $version", ({ version }) => {
    it("installs what is missing, refuses another torch, and replaces what is not torch's", {
      timeout: 180_000,
    }, async () => {
      const project = await bench.linked(`by-pip-${version}`, {
        "requirements.txt": "lightning\ntorch>=2.4\n",
      });
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
      await bench.expectBasesTorch(project);
      expect(await pip("install", "numpy==2.1.0")).toMatchObject(done);
      expect(await project.ask("__import__('numpy').__version__")).toBe("2.1.0");
      expect((await project.run(project.path(".venv/bin/f2py"))).output).toBe("f2py of 2.1.0\n");
      expect(await project.link(bench.base)).toMatchObject(done);
      expect(await project.ask("__import__('numpy').__version__")).toBe("2.1.0");
      expect(await pip("uninstall", "-y", "numpy")).toMatchObject(done);
      expect(await project.ask("__import__('numpy').__version__")).toBe("1.26.4");
    });

    it("writes no second torch where its settings are overruled", async () => {
      const project = await bench.linked(`overruled-${version}`);
      const words = ["install", "--isolated", "--index-url", bench.shop.index("pypi"), "torch==2.6.0"];
      expect((await project.run(project.path(".venv/bin/pip"), ...words)).status).not.toBe(0);
      await bench.expectBasesTorch(project);
    });
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
