import type { RunConfig } from "../oci/run-config.ts";
import { targetByText } from "./file-tree.ts";
import type { ImageView } from "./image-view.ts";

/** What classes must know of the image as a whole. */
export interface ImageFacts {
  /** Whether a container sees something at this path. */
  has(path: string): boolean;
  /** Path of a compiler, or of a package that compiles at run time; undefined where there is none. */
  compiler: string | undefined;
  /** Whether R installs Debian packages at run time (bspm), for which it needs apt's lists. */
  installsByApt: boolean;
  /** Folders that the image's settings or a conda installation make a cache: path to name of the class. */
  cacheFolders: ReadonlyMap<string, string>;
  /** Whether the settings name this path, or something below or above it: a program, a work folder, a variable's value. */
  isNamed(path: string): boolean;
  /** The symbolic links that lead to this path, their own paths. */
  linksTo(path: string): readonly string[];
}

const compilers =
  /^(?:usr\/(?:local\/)?bin\/|opt\/[^/]+\/bin\/|usr\/local\/cuda[^/]*\/bin\/)(?:[^/]*-)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|tcc|nvcc|gfortran)(?:-\d+(?:\.\d+)*)?$/;
/** They call a compiler, or link, while a program runs. */
const compilesAtRunTime =
  /\/(?:site|dist)-packages\/(?:triton|pyximport|cffi|numba|cupy|jax|tvm|pythran|cppyy|ffc|dolfin|dolfinx|pytensor|theano|brian2)\/__init__\.py$|\/R\/(?:site-)?library\/(?:Rcpp|inline|rstan|TMB|cpp11)\/DESCRIPTION$/;
const cacheVariables: ReadonlyMap<string, string> = new Map([
  ["PIP_CACHE_DIR", "pip-cache"],
  ["UV_CACHE_DIR", "uv-cache"],
  ["CONDA_PKGS_DIRS", "conda-cache"],
  ["NPM_CONFIG_CACHE", "npm-cache"],
  ["npm_config_cache", "npm-cache"],
  ["YARN_CACHE_FOLDER", "npm-cache"],
  ["GOCACHE", "build-cache"],
  ["HF_HOME", "model-cache"],
  ["HF_HUB_CACHE", "model-cache"],
  ["TRANSFORMERS_CACHE", "model-cache"],
  ["SENTENCE_TRANSFORMERS_HOME", "model-cache"],
  ["TORCH_HOME", "model-cache"],
  ["TRITON_CACHE_DIR", "jit-cache"],
]);
/** Their values say where temporary files go, not that one is needed. */
const temporaryVariables = /^(?:TMP|TEMP|TMPDIR|TEMPDIR)$/;
const wideFolders = /^(?:|tmp|var|var\/tmp|root|home|opt|usr|usr\/local|srv|mnt|data|app|workspace|work)$/;

/** Looks once over an image. `run` is how a container of it starts. */
export function factsOf(view: ImageView, run: RunConfig | undefined): ImageFacts {
  const cacheFolders = new Map<string, string>();
  const links = new Map<string, string[]>();
  let compiler: string | undefined;
  let installsByApt = false;
  for (const [path, { entry }] of view.visible) {
    if (entry.type === "symlink") {
      const target = targetByText(path, entry.linkPath);
      const same = links.get(target);
      if (same === undefined) links.set(target, [path]);
      else same.push(path);
    }
    if (path.endsWith("/conda-meta/history"))
      cacheFolders.set(`${path.slice(0, -"conda-meta/history".length)}pkgs`, "conda-cache");
    if (compiler === undefined && (compilers.test(path) || compilesAtRunTime.test(path))) compiler = path;
    if (path.endsWith("/bspm/DESCRIPTION")) installsByApt = true;
  }
  for (const [name, value] of run?.env ?? []) {
    const className = cacheVariables.get(name);
    const folder = value.replace(/^\/+|\/+$/g, "");
    if (className !== undefined && value.startsWith("/") && !wideFolders.test(folder))
      cacheFolders.set(folder, className);
  }
  const named = namedPaths(run);
  const answers = new Map<string, boolean>();
  const isNamed = (path: string): boolean =>
    named.some((one) => one === path || one.startsWith(`${path}/`) || path.startsWith(`${one}/`));
  return {
    has: (path) => view.visible.has(path),
    compiler,
    installsByApt,
    cacheFolders,
    isNamed(path) {
      let answer = answers.get(path);
      if (answer === undefined) answers.set(path, (answer = isNamed(path)));
      return answer;
    },
    linksTo: (path) => links.get(path) ?? [],
  };
}

/** Every absolute path in the settings, without the slash in front. */
function namedPaths(run: RunConfig | undefined): string[] {
  if (run === undefined) return [];
  const values = [...run.env].filter(([name]) => !temporaryVariables.test(name)).map(([, value]) => value);
  const texts = [
    ...run.entrypoint,
    ...run.cmd,
    ...run.healthcheck,
    ...run.volumes,
    run.workingDir,
    ...values,
  ];
  return texts
    .flatMap((text) => text.match(/\/[^\s:;,='"`|&<>()]+/g) ?? [])
    .map((path) => path.replace(/^\/+|\/+$/g, ""))
    .filter((path) => path !== "");
}
