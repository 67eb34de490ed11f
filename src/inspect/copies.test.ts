import { describe, expect, it } from "vitest";
import type { FileReport, Package } from "./analysis.ts";
import { findCopies, libraryName } from "./copies.ts";
import { findWaste } from "./findings.ts";
import type { ElfFacts, InventoryEntry } from "./inventory.ts";
import { findPrograms } from "./programs.ts";

const mega = 1 << 20;
const plain: ElfFacts = {
  machine: "x86_64",
  bits: 64,
  kind: "shared",
  soname: "",
  needed: [],
  rpath: [],
  runpath: [],
  interpreter: "",
};

function report(path: string, size: number, elf?: Partial<ElfFacts>, owner?: Package, layer = 0): FileReport {
  const facts = elf === undefined ? {} : { elf: { ...plain, ...elf } };
  const entry = {
    path,
    type: "file",
    size,
    hash: `${path}${size}`,
    linkPath: "",
    ...facts,
  } as InventoryEntry;
  return { path, placed: { layer, entry, content: entry }, package: owner, class: undefined, bytes: size };
}

function library(path: string, soname: string, size: number, owner?: Package, layer = 0): FileReport {
  return report(path, size, { soname }, owner, layer);
}

function symlink(path: string, linkPath: string): FileReport {
  const entry = { path, type: "symlink", size: 0, hash: "", linkPath } as InventoryEntry;
  return {
    path,
    placed: { layer: 0, entry, content: entry },
    package: undefined,
    class: undefined,
    bytes: 0,
  };
}

function pack(manager: Package["manager"], name: string, version = "1", home = ""): Package {
  return { manager, name, version, home };
}

const names = (files: FileReport[]) =>
  findCopies(files).map(({ name, copies }) => [name, ...copies.map(({ path }) => path)]);

describe("a library's name", () => {
  it.each([
    ["libcublas.so.12", "libcublas"],
    ["libcublas-1b2c3d4e.so.11", "libcublas"],
    ["libcudart-d0da41ae.so.11.0", "libcudart"],
    ["libopenblas.so.0", "libopenblas"],
    ["libopenblas64_p-r0-0cf96a72.3.23.dev.so", "libopenblas"],
    ["libscipy_openblas64_-ff651d7f.so", "libopenblas"],
    ["libtorch_cpu.so", "libtorch_cpu"],
    ["libpcre2-8.so.0", "libpcre2-8"],
    ["libstdc++.so.6", "libstdc++"],
  ])("%s is %s", (soname, name) => {
    expect(libraryName(soname)).toBe(name);
  });
});

const quarto = (root: string, size: number): FileReport[] => [
  report(`${root}/bin/quarto`, 10),
  report(`${root}/bin/tools/deno`, size),
];

const site = "opt/venv/lib/python3.12/site-packages";

describe("what stands in the image several times", () => {
  const cuda = [
    library(
      "usr/local/cuda-12.4/lib64/libcublas.so.12.4.5",
      "libcublas.so.12",
      5 * mega,
      pack("dpkg", "libcublas-12-4"),
    ),
    library(
      `${site}/nvidia/cublas/lib/libcublas.so.12`,
      "libcublas.so.12",
      4 * mega,
      pack("pip", "nvidia-cublas-cu12"),
      1,
    ),
  ];

  it("is told by soname, whatever the version", () => {
    expect(names([...cuda, library("usr/lib/libm.so.6", "libm.so.6", 9 * mega)])).toEqual([
      ["libcublas", ...cuda.map(({ path }) => path)],
    ]);
  });

  it("leaves out other machines, small ones, and hard links of one content", () => {
    const one = library("lib/liba.so.1", "liba.so.1", 5 * mega);
    expect(names([one, { ...one, path: "lib/link" }])).toEqual([]);
    const arm = report("arm/liba.so.1", 5 * mega, { soname: "liba.so.1", machine: "aarch64" });
    expect(names([one, arm])).toEqual([]);
    expect(names([library("a/libs.so.1", "libs.so.1", 10), library("b/libs.so.1", "libs.so.1", 10)])).toEqual(
      [],
    );
  });

  it("is told of programs, by name without version and platform", () => {
    const program = { kind: "executable" as const };
    const wheel = `${site}/imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v7.0.2`;
    expect(names([report("usr/bin/ffmpeg", 2 * mega, program), report(wheel, 3 * mega, program)])).toEqual([
      ["ffmpeg", wheel, "usr/bin/ffmpeg"],
    ]);
    const gcc = ["gcc-12", "ld.gold"].map((name) =>
      report(`usr/bin/x86_64-linux-gnu-${name}`, 2 * mega, program),
    );
    expect(names(gcc)).toEqual([]);
  });

  it("is told of Quarto by its folders", () => {
    const rstudio = "usr/lib/rstudio-server/bin/quarto";
    const found = findCopies([...quarto(rstudio, 3 * mega), ...quarto("opt/quarto", 2 * mega)]);
    expect(found).toHaveLength(1);
    expect(found[0]?.copies.map(({ path, bytes }) => [path, bytes])).toEqual([
      [rstudio, 3 * mega + 10],
      ["opt/quarto", 2 * mega + 10],
    ]);
  });

  it("is waste of the system's CUDA where wheels bring theirs, and never of one distribution's alternatives", () => {
    const alternatives = [
      library("usr/lib/openblas/liblapack.so.3", "liblapack.so.3", 5 * mega, pack("dpkg", "libopenblas0")),
      library("usr/lib/lapack/liblapack.so.3", "liblapack.so.3", 4 * mega, pack("dpkg", "liblapack3")),
    ];
    const files = [...cuda, ...alternatives];
    const view = { layers: [], visible: new Map(), hidden: [] };
    const found = findWaste(view, files, findCopies(files), () => undefined);
    expect(found.map(({ kind, name, layer, bytes, risk }) => [kind, name, layer, bytes, risk])).toEqual([
      ["second-copy", "cuda", 0, 5 * mega, "risky"],
    ]);
  });
});

describe("the programs of an image", () => {
  it("are named once an environment, with the version that a package tells", () => {
    const own = (name: string, version: string) => pack("pip", name, version, "opt/venv");
    const files = [
      symlink("usr/bin/python3", "python3.11"),
      report("usr/bin/python3.11", 10, {}, pack("dpkg", "python3.11-minimal", "3.11.2-6")),
      report("opt/conda/bin/python3.12", 10),
      symlink("opt/conda/bin/python", "python3.12"),
      report("opt/venv/bin/jupyter-lab", 10),
      report(`${site}/jupyterlab/__init__.py`, 1, undefined, own("jupyterlab", "4.2.0")),
      report(`${site}/fastapi/__init__.py`, 1, undefined, own("fastapi", "0.115.0")),
      report("usr/sbin/sshd", 10, {}, pack("dpkg", "openssh-server", "1:9.2p1")),
      report("usr/share/doc/nginx/nginx", 1),
    ];
    expect(findPrograms(files)).toEqual([
      { name: "Python", path: "usr/bin/python3.11", version: "3.11.2-6" },
      { name: "Python", path: "opt/conda/bin/python3.12", version: "3.12" },
      { name: "Jupyter Lab", path: "opt/venv/bin/jupyter-lab", version: "4.2.0" },
      { name: "FastAPI", path: `${site}/fastapi/__init__.py`, version: "0.115.0" },
      { name: "OpenSSH server", path: "usr/sbin/sshd", version: "1:9.2p1" },
    ]);
  });
});
