import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import type { RunConfig } from "../oci/run-config.ts";
import type { Package } from "./analysis.ts";
import { classesPage } from "./classes/page.ts";
import { classifier } from "./classes.ts";
import { factsOf } from "./image-facts.ts";
import type { ImageView } from "./image-view.ts";
import { file, makeView, symlink } from "./testing/layers.ts";

const quiet: RunConfig = {
  env: new Map(),
  entrypoint: [],
  cmd: [],
  workingDir: "",
  user: "",
  ports: [],
  volumes: [],
  healthcheck: [],
  labels: new Map(),
};
const someone: Package = { manager: "pip", name: "pkg", version: "1", home: "opt/venv" };

function classesOf(view: ImageView, run: Partial<RunConfig> = {}, owner?: Package): Record<string, string> {
  const classOf = classifier(factsOf(view, { ...quiet, ...run }));
  return Object.fromEntries(
    [...view.visible].flatMap(([path, placed]) => {
      const found = classOf(path, placed, owner);
      return found === undefined ? [] : [[path, `${found.name} ${found.risk}`]];
    }),
  );
}

const classOfOne = async (path: string, size = 1): Promise<string | undefined> =>
  classesOf(await makeView([file(path, "x".repeat(size))]))[path];

describe("a file's class", () => {
  it.each([
    ["var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_InRelease", "apt-lists safe"],
    ["var/lib/apt/lists/partial/x", "apt-lists safe"],
    ["var/cache/apt/archives/libc6_2.36_amd64.deb", "apt-cache safe"],
    ["var/cache/apt/pkgcache.bin", "apt-cache safe"],
    ["var/lib/dpkg/status-old", "system-backups safe"],
    ["var/cache/debconf/templates.dat-old", "system-backups safe"],
    ["etc/shadow-", "system-backups safe"],
    ["var/log/dpkg.log", "package-logs safe"],
    ["var/log/apt/term.log", "package-logs safe"],
    ["var/log/nginx/access.log", "logs check"],
    ["root/.cache/pip/http/a/b", "pip-cache safe"],
    ["home/jovyan/.cache/uv/wheels-v1/x.msgpack", "uv-cache safe"],
    ["root/.cache/pypoetry/artifacts/a.whl", "poetry-cache safe"],
    ["root/.npm/_cacache/content-v2/x", "npm-cache safe"],
    ["root/.cargo/registry/cache/x.crate", "build-cache safe"],
    ["tmp/Rtmp1/downloaded_packages/sf.tar.gz", "temporary-files safe"],
    ["var/tmp/a", "temporary-files safe"],
    ["usr/lib/python3/dist-packages/a/__pycache__/b.cpython-311.pyc", "bytecode check"],
    ["opt/venv/lib/python3.12/site-packages/numpy/tests/test_a.py", "tests risky"],
    [
      "opt/venv/lib/python3.12/site-packages/numpy/tests/__pycache__/test_a.cpython-312.pyc",
      "bytecode check",
    ],
    ["usr/lib/python3.11/test/test_os.py", "tests risky"],
    ["usr/share/doc/bash/README", "documentation check"],
    ["opt/conda/share/man/man1/x.1", "documentation check"],
    ["usr/lib/R/site-library/ggplot2/doc/a.html", "documentation check"],
    ["usr/share/locale/de/LC_MESSAGES/bash.mo", "locales check"],
    ["usr/include/c++/12/vector", "headers check"],
    ["opt/conda/lib/python3.12/site-packages/torch/include/ATen/ATen.h", "headers check"],
    ["usr/lib/x86_64-linux-gnu/libfoo.a", "static-libraries check"],
    ["usr/share/app/main.js.map", "source-maps check"],
    ["app/.git/objects/ab/cd", "vcs check"],
    ["opt/nvidia/nsight-compute/2024/ncu", "profilers check"],
    ["usr/local/cuda-12.4/samples/a.cu", "profilers check"],
    ["work/.ipynb_checkpoints/a.ipynb", "jupyter-checkpoints check"],
    ["root/.cache/huggingface/hub/models--gpt2/blobs/ab", "model-cache risky"],
    ["opt/torch_2.deb", "installers check"],
    ["root/Miniconda3-latest-Linux-x86_64.sh", "installers check"],
  ])("%s", async (path, expected) => {
    expect(await classOfOne(path)).toBe(expected);
  });

  it.each([
    "usr/share/doc/bash/copyright",
    "usr/share/doc/torch/LICENSE.gz",
    "usr/share/locale/locale.alias",
    "usr/include/python3.11/pyconfig.h",
    "root/.cache/pypoetry/virtualenvs/app/bin/python",
    "root/.cache/R/renv/cache/v5/x",
    "app/tests/test_app.py",
    "app/module.pyc",
    "app/protein.pdb",
    "app/main.pt",
    "opt/venv/lib/python3.12/site-packages/distutils-precedence.pth",
    "usr/lib/python3.11/ensurepip/_bundled/pip-23.0.1-py3-none-any.whl",
    "usr/share/python-wheels/pip.whl",
    "app/core",
    "app/lists/apt",
    "usr/share/cache/pip/x",
    "opt/pkgs/x",
    "var/lib/dpkg/status",
    "tmpfiles/x",
  ])("%s has none", async (path) => {
    expect(await classOfOne(path)).toBeUndefined();
  });

  it("is model weights only where the file is large", async () => {
    expect(await classOfOne("app/model.pt", 1 << 20)).toBe("model-weights risky");
    expect(await classOfOne("app/pytorch_model.bin", 1 << 20)).toBe("model-weights risky");
    expect(await classOfOne("app/data.bin", 1 << 20)).toBeUndefined();
  });

  it("is byte code beside its source, and the program where there is none", async () => {
    const view = await makeView([file("a/one.py"), file("a/one.pyc"), file("a/two.pyc")]);
    expect(classesOf(view)).toEqual({ "a/one.pyc": "bytecode check" });
  });

  it("finds the package folder of each conda, and of a variable", async () => {
    const view = await makeView([
      file("srv/env/conda-meta/history"),
      file("srv/env/pkgs/numpy/a"),
      file("data/pip/http/a"),
      file("data/other"),
    ]);
    const env = new Map([
      ["PIP_CACHE_DIR", "/data/pip/"],
      ["UV_CACHE_DIR", "/data"],
    ]);
    expect(classesOf(view, { env })).toEqual({
      "srv/env/pkgs/numpy/a": "conda-cache safe",
      "data/pip/http/a": "pip-cache safe",
    });
  });

  it("leaves out what a symbolic link from elsewhere leads into", async () => {
    const view = await makeView([
      file("root/.cache/uv/archive-v0/abc/numpy/__init__.py"),
      file("root/.cache/uv/archive-v0/def/scipy/__init__.py"),
      file("root/.cache/uv/file"),
      symlink("app/.venv/lib/numpy", "/root/.cache/uv/archive-v0/abc/numpy"),
      symlink("app/one", "../root/.cache/uv/file"),
      symlink("root/.cache/uv/wheels/scipy", "../archive-v0/def/scipy"),
    ]);
    expect(classesOf(view)).toEqual({
      "root/.cache/uv/archive-v0/def/scipy/__init__.py": "uv-cache safe",
    });
  });

  it("leaves out temporary files that a package owns or the settings name", async () => {
    const view = await makeView([file("tmp/app/run.sh"), file("tmp/other/x"), file("tmp/one")]);
    expect(classesOf(view, {}, someone)).toEqual({});
    expect(classesOf(view, { entrypoint: ["/bin/sh", "-c", "exec /tmp/app/run.sh"] })).toEqual({
      "tmp/other/x": "temporary-files safe",
      "tmp/one": "temporary-files safe",
    });
    expect(classesOf(view, { workingDir: "/tmp" })).toEqual({});
    expect(Object.keys(classesOf(view, { env: new Map([["TMPDIR", "/tmp"]]) }))).toHaveLength(3);
  });

  it("is risky for headers and static libraries where something compiles", async () => {
    const files = [file("usr/include/a.h"), file("usr/lib/libm.a")];
    const compilers = [
      "usr/bin/x86_64-linux-gnu-gcc-12",
      "opt/venv/lib/python3.12/site-packages/triton/__init__.py",
    ];
    for (const path of compilers) {
      expect(classesOf(await makeView([...files, file(path)]))).toEqual({
        "usr/include/a.h": "headers risky",
        "usr/lib/libm.a": "static-libraries risky",
      });
    }
  });

  it("keeps apt's lists from being safe where R installs by apt", async () => {
    const view = await makeView([
      file("var/lib/apt/lists/a"),
      file("usr/lib/R/site-library/bspm/DESCRIPTION"),
    ]);
    expect(classesOf(view)).toEqual({ "var/lib/apt/lists/a": "apt-lists check" });
  });

  it("survives a path as deep as its length allows", async () => {
    expect(await classOfOne(`${"a/".repeat(2000)}x.a`)).toBe("static-libraries check");
  });

  it("is told for 300,000 files in well under a second", () => {
    const entry = { type: "file", size: 10 };
    const places = [
      "a/X.py",
      "a/__pycache__/X.cpython-312.pyc",
      "b/X.so",
      "b/tests/test_X.py",
      "include/X.h",
    ];
    const paths = Array.from({ length: 300_000 }, (_, i) => {
      const place = places[i % places.length] ?? "";
      return `opt/venv/lib/python3.12/site-packages/package${i % 4999}/${place.replace("X", String(i))}`;
    });
    const placed = { layer: 0, entry, content: entry } as never;
    const visible = new Map(paths.map((path) => [path, placed]));
    const classOf = classifier(factsOf({ layers: [], hidden: [], visible }, quiet));
    const start = performance.now();
    for (const path of paths) classOf(path, placed, undefined);
    const took = performance.now() - start;
    expect(took).toBeLessThan(2000);
  });
});

test("docs/file-classes.md is what the classes say", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "file-classes.md"), "utf8");
  // Out of step? "npm run docs" writes it.
  expect(page).toBe(classesPage());
});
