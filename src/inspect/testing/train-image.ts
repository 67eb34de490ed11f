import type { Analysis, FileClass, Package } from "../analysis.ts";
import { analysisOf } from "./analyses.ts";

const site = "opt/venv/lib/python3.11/site-packages";
const mega = 1_000_000;

const dpkg = (name: string, version: string): Package => ({ manager: "dpkg", name, version, home: "" });
const pip = (name: string, version: string): Package => ({
  manager: "pip",
  name,
  version,
  home: "opt/venv/lib/python3.11/site-packages",
});

const aptLists: FileClass = {
  name: "apt-lists",
  title: "lists of apt",
  risk: "safe",
  why: "apt-get update fetches them again.",
  edit: "rm -rf /var/lib/apt/lists/* in the same RUN",
};
const pipCache: FileClass = {
  name: "pip-cache",
  title: "what pip downloaded",
  risk: "safe",
  why: "Only a later pip in the same image could use it.",
  edit: "Write `RUN --mount=type=cache,target=/root/.cache/pip pip install`.",
};
const byteCode: FileClass = {
  name: "byte-code",
  title: "byte code of Python",
  risk: "check",
  why: "Python makes it again, at each start where it cannot write.",
  edit: "ENV PYTHONDONTWRITEBYTECODE=1",
};
const staticLibraries: FileClass = {
  name: "static-libraries",
  title: "static libraries",
  risk: "risky",
  why: "Compilers at run time link them.",
  edit: "find / -name '*.a' -delete",
};

/** A small training image as many are: torch, lists of apt, a cache of pip, a chown that doubles, a model that was removed. */
export function trainImage(): Analysis {
  const torch = pip("torch", "2.4.1");
  const cublas = pip("nvidia-cublas-cu12", "12.1.3.1");
  const numpy = pip("numpy", "1.26.4");
  const libc = dpkg("libc6", "2.36-9+deb12u7");
  const python = dpkg("python3.11-minimal", "3.11.2-6");
  return analysisOf({
    steps: [
      { text: "ADD rootfs.tar.xz / # buildkit" },
      { text: "RUN apt-get update && apt-get install -y python3 libcublas12", line: 3 },
      { text: "RUN pip install torch numpy", line: 5 },
      { text: "COPY model.safetensors /srv/model.safetensors", line: 6 },
      { text: "RUN chown -R app /opt/venv/lib/python3.11/site-packages/numpy", line: 8 },
      { text: "RUN rm /srv/model.safetensors", line: 9 },
    ],
    files: [
      { path: "usr/lib/x86_64-linux-gnu/libc.so.6", bytes: 2 * mega, layer: 0, package: libc },
      { path: "usr/lib/x86_64-linux-gnu/libc.a", bytes: 6 * mega, layer: 0, class: staticLibraries },
      { path: "usr/bin/python3.11", bytes: 7 * mega, layer: 1, package: python },
      {
        path: "usr/lib/x86_64-linux-gnu/libcublas.so.12.1",
        bytes: 110 * mega,
        layer: 1,
        package: dpkg("libcublas12", "12.1.3"),
      },
      { path: "var/lib/apt/lists/main_Packages", bytes: 47 * mega, layer: 1, class: aptLists },
      { path: `${site}/torch/lib/libtorch_cuda.so`, bytes: 846 * mega, layer: 2, package: torch },
      { path: `${site}/torch/lib/libtorch_cpu.so`, bytes: 433 * mega, layer: 2, package: torch },
      { path: `${site}/torch/nn/modules/module.py`, bytes: 100_000, layer: 2, package: torch },
      {
        path: `${site}/torch/nn/modules/__pycache__/module.cpython-311.pyc`,
        bytes: 110_000,
        layer: 2,
        package: torch,
        class: byteCode,
      },
      { path: `${site}/nvidia/cublas/lib/libcublas.so.12`, bytes: 108 * mega, layer: 2, package: cublas },
      { path: "root/.cache/pip/http/a/b", bytes: 780 * mega, layer: 2, class: pipCache },
      { path: `${site}/numpy/core/_multiarray_umath.so`, bytes: 9 * mega, layer: 4, package: numpy },
      {
        path: `${site}/numpy/__pycache__/__init__.cpython-311.pyc`,
        bytes: 40_000,
        layer: 4,
        package: numpy,
        class: byteCode,
      },
    ],
    hidden: [
      { path: "srv/model.safetensors", bytes: 500 * mega, layer: 3, by: 5, how: "removed" },
      { path: `${site}/numpy/core/_multiarray_umath.so`, bytes: 9 * mega, layer: 2, by: 4, how: "copied" },
    ],
    copies: [
      {
        name: "libcublas",
        copies: [
          {
            path: "usr/lib/x86_64-linux-gnu/libcublas.so.12.1",
            layer: 1,
            bytes: 110 * mega,
            package: dpkg("libcublas12", "12.1.3"),
          },
          {
            path: `${site}/nvidia/cublas/lib/libcublas.so.12`,
            layer: 2,
            bytes: 108 * mega,
            package: cublas,
          },
        ],
      },
    ],
    programs: [{ name: "python", path: "usr/bin/python3.11", version: "3.11.2" }],
  });
}

/** An image of `count` files in many folders and packages, sizes as uneven as real ones are; always the same. */
export function largeImage(count: number): Analysis {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const packages = Array.from({ length: 400 }, (_, i) =>
    i % 3 === 0 ? dpkg(`lib-${i}`, "1.0") : pip(`package_${i}`, "2.0"),
  );
  const files = Array.from({ length: count }, (_, i) => {
    const owner = packages[Math.floor(random() ** 2 * packages.length)];
    const root = owner?.manager === "pip" ? `${site}/${owner.name}` : `usr/share/${owner?.name}`;
    const inner = `module_${Math.floor(random() ** 2 * 30)}/part_${Math.floor(random() * 3)}`;
    const compiled = random() < 0.3;
    const name = compiled ? `__pycache__/file_${i}.cpython-311.pyc` : `file_${i}.py`;
    return {
      path: `${root}/${inner}/${name}`,
      bytes: Math.floor(400 / (random() + 1e-5)),
      layer: owner?.manager === "pip" ? 2 : 1,
      ...(owner === undefined || random() < 0.02 ? {} : { package: owner }),
      ...(compiled ? { class: byteCode } : {}),
    };
  });
  return analysisOf({
    name: "large:latest",
    steps: [{ text: "FROM" }, { text: "RUN apt-get install" }, { text: "RUN pip install", line: 4 }],
    files,
  });
}
