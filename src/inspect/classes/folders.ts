import type { ImageFacts } from "../image-facts.ts";

/**
 * What the folder says of all that is below it. `certain`: whatever the file is called; `likely`: where the file's own name does not
 * say more.
 */
export interface FolderClass {
  certain?: string;
  likely?: string;
  /** The topmost folder of the class. */
  root?: string;
  /** A symbolic link from elsewhere leads here: what looks like a cache is in use. */
  inUse?: boolean;
}

/** A pattern of names: from the root where it begins with `/`, else wherever a path ends with it. `*` is one name. */
type Pattern = string;

const certain: Record<string, readonly Pattern[]> = {
  "apt-lists": ["/var/lib/apt/lists"],
  "apt-cache": ["/var/cache/apt"],
  "apk-cache": ["/var/cache/apk", "/etc/apk/cache"],
  "rpm-cache": [
    "/var/cache/dnf",
    "/var/cache/yum",
    "/var/cache/libdnf5",
    "/var/cache/zypp",
    "/var/cache/PackageKit",
    "/var/cache/pacman/pkg",
  ],
  "system-backups": ["/var/backups"],
  "package-logs": ["/var/log/apt", "/var/log/dnf", "/var/log/zypp"],
  "pip-cache": [".cache/pip"],
  "uv-cache": [".cache/uv"],
  "poetry-cache": [
    ".cache/pypoetry/cache",
    ".cache/pypoetry/artifacts",
    ".cache/pdm",
    ".cache/pipenv",
    ".cache/pip-tools",
  ],
  "conda-cache": [
    ".cache/conda",
    ".cache/mamba",
    ".cache/rattler/cache",
    ".cache/pixi",
    ".conda/pkgs",
    ".mamba/pkgs",
    "micromamba/pkgs",
  ],
  "npm-cache": [
    ".npm/_cacache",
    ".npm/_logs",
    ".cache/npm",
    ".cache/yarn",
    ".yarn/berry/cache",
    "share/.cache/yarn",
    ".cache/pnpm",
    ".cache/node-gyp",
    ".pnpm-store",
    ".local/share/pnpm/store",
  ],
  "r-cache": [
    ".cache/R/pkgcache",
    ".cache/R/renv/source",
    ".cache/R/renv/binary",
    ".cache/R/renv/index",
    ".local/share/renv/source",
  ],
  "build-cache": [
    ".cargo/registry",
    ".cargo/git",
    "/usr/local/cargo/registry",
    "/usr/local/cargo/git",
    ".cache/go-build",
    "go/pkg/mod/cache",
    ".ccache",
    ".cache/ccache",
    ".cache/sccache",
    ".cache/bazel",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
  ],
  "jupyter-checkpoints": [".ipynb_checkpoints"],
  "system-caches": ["/var/cache/fontconfig", "/var/cache/man", "/var/cache/ldconfig"],
  vcs: [".git", ".hg", ".svn", ".bzr"],
  "debug-symbols": ["/usr/lib/debug", "lib/.build-id"],
  profilers: [
    "/opt/nvidia/nsight-compute",
    "/opt/nvidia/nsight-systems",
    "/usr/local/cuda*/nsight*",
    "/usr/local/cuda*/samples",
    "/usr/local/cuda*/nsightee_plugins",
    "/usr/local/cuda*/libnvvp",
  ],
  "jit-cache": [".triton/cache", ".nv/ComputeCache", ".cache/torch_extensions", ".cache/torch/inductor"],
  "model-cache": [
    ".cache/huggingface",
    ".cache/torch/hub",
    ".cache/torch/sentence_transformers",
    "nltk_data",
  ],
  bytecode: ["__pycache__"],
};

const likely: Record<string, readonly Pattern[]> = {
  logs: ["/var/log"],
  "temporary-files": ["/tmp", "/var/tmp"],
  documentation: [
    "share/doc",
    "share/man",
    "share/info",
    "share/gtk-doc",
    "share/doc-base",
    "/usr/local/man",
    "/usr/local/cuda*/doc",
    "library/*/doc",
    "library/*/html",
    "site-library/*/doc",
    "site-library/*/html",
  ],
  locales: ["share/locale"],
  headers: ["include"],
  tests: ["tests", "test"],
};

/** Folders of tests count only inside installed packages: a project's own are its own business. */
const packageFolder =
  /\/(?:site-packages|dist-packages|node_modules|(?:site-)?library)\/.|\/lib\/python3\.\d+\/test$/;

interface Rule {
  names: readonly string[];
  fromRoot: boolean;
  class: string;
  key: "certain" | "likely";
}

const rules = indexRules();
const none: FolderClass = {};

/** What the folder at `path` says, given what the folder above it says. */
export function folderClass(path: string, above: FolderClass | undefined, facts: ImageFacts): FolderClass {
  const names = path.split("/");
  const name = names.at(-1) ?? "";
  if (above?.certain !== undefined && (name !== "__pycache__" || above.inUse === true)) {
    const inUse = above.inUse === true || isInUse(path, above.root ?? path, facts);
    return inUse ? { ...above, inUse } : above;
  }
  const cache = facts.cacheFolders.get(path);
  if (cache !== undefined) return { certain: cache, root: path };
  const found = (rules.exact.get(name) ?? rules.loose).find((rule) => fits(rule, names));
  if (found === undefined || (found.class === "tests" && !packageFolder.test(`/${path}`)))
    return above ?? none;
  if (found.key === "certain") return { certain: found.class, root: path };
  return above?.likely === undefined ? { likely: found.class, root: path } : above;
}

/** Whether a symbolic link from outside `root` leads to this path. */
export function isInUse(path: string, root: string, facts: ImageFacts): boolean {
  return facts.linksTo(path).some((link) => !link.startsWith(`${root}/`));
}

function fits(rule: Rule, names: readonly string[]): boolean {
  if (rule.fromRoot ? names.length !== rule.names.length : names.length < rule.names.length) return false;
  const start = names.length - rule.names.length;
  return rule.names.every((name, i) => {
    const found = names[start + i] ?? "";
    return name.endsWith("*") ? found.startsWith(name.slice(0, -1)) : found === name;
  });
}

/** Rules by the last name of their pattern; those whose last name has a `*` are tried for every folder. */
function indexRules(): { exact: ReadonlyMap<string, readonly Rule[]>; loose: readonly Rule[] } {
  const all = [...rulesOf("certain", certain), ...rulesOf("likely", likely)];
  const loose = all.filter(({ names }) => names.at(-1)?.endsWith("*"));
  const exact = new Map<string, Rule[]>();
  for (const rule of all) {
    const last = rule.names.at(-1) ?? "";
    if (last.endsWith("*")) continue;
    const same = exact.get(last);
    if (same === undefined) exact.set(last, [rule, ...loose]);
    else same.unshift(rule);
  }
  return { exact, loose };
}

function rulesOf(key: Rule["key"], patterns: Record<string, readonly Pattern[]>): Rule[] {
  return Object.entries(patterns).flatMap(([name, list]) =>
    list.map((pattern) => ({
      names: pattern.split("/").filter((part) => part !== ""),
      fromRoot: pattern.startsWith("/"),
      class: name,
      key,
    })),
  );
}
