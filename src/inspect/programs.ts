import type { Analysis, FileReport, Package } from "./analysis.ts";

type Program = Analysis["programs"][number];

interface Known {
  name: string;
  /** The program's own path, without `/` in front. */
  path: RegExp;
  /** Packages whose version is the program's, where another one owns the file. */
  packages?: readonly string[];
}

const bin = "(?:^|/)s?bin/";
const started = (names: string): RegExp => new RegExp(`${bin}(?:${names})$`);
/** The top of a Python package. */
const imported = (name: string): RegExp => new RegExp(`/(?:site|dist)-packages/${name}/__init__\\.py$`);

/** In the order in which a person would ask. */
const known: readonly Known[] = [
  { name: "Python", path: started("python[23](?:\\.\\d+)?") },
  { name: "R", path: /(?:^|\/)lib\/R\/bin\/exec\/R$/, packages: ["r-base-core", "r-base", "base"] },
  { name: "Julia", path: started("julia") },
  { name: "Node.js", path: started("node|nodejs") },
  { name: "Java", path: started("java") },
  { name: "Jupyter Lab", path: started("jupyter-lab"), packages: ["jupyterlab"] },
  { name: "Jupyter Notebook", path: started("jupyter-notebook"), packages: ["notebook"] },
  { name: "JupyterHub", path: started("jupyterhub|jupyterhub-singleuser"), packages: ["jupyterhub"] },
  { name: "RStudio Server", path: started("rserver"), packages: ["rstudio-server"] },
  { name: "Shiny Server", path: started("shiny-server") },
  { name: "code-server", path: started("code-server") },
  { name: "Quarto", path: started("quarto"), packages: ["quarto"] },
  { name: "pandoc", path: started("pandoc|tools/pandoc") },
  { name: "MLflow", path: started("mlflow") },
  { name: "TensorBoard", path: started("tensorboard") },
  { name: "Streamlit", path: started("streamlit") },
  { name: "Gradio", path: imported("gradio") },
  { name: "FastAPI", path: imported("fastapi") },
  { name: "Flask", path: imported("flask") },
  { name: "Django", path: imported("django") },
  { name: "Uvicorn", path: started("uvicorn") },
  { name: "Gunicorn", path: started("gunicorn") },
  { name: "Ray", path: started("ray") },
  { name: "Dask", path: started("dask-scheduler"), packages: ["distributed"] },
  { name: "PyTorch", path: imported("torch") },
  { name: "TensorFlow", path: imported("tensorflow") },
  { name: "JAX", path: imported("jax") },
  { name: "vLLM", path: imported("vllm") },
  { name: "SGLang", path: imported("sglang") },
  { name: "TGI", path: started("text-generation-launcher") },
  { name: "Triton Inference Server", path: started("tritonserver") },
  { name: "TorchServe", path: started("torchserve") },
  { name: "ONNX Runtime", path: imported("onnxruntime") },
  { name: "Ollama", path: started("ollama") },
  { name: "llama.cpp", path: started("llama-server|llama-cli") },
  { name: "CUDA compiler", path: started("nvcc") },
  { name: "gcc", path: started("gcc(?:-\\d+)?") },
  { name: "clang", path: started("clang(?:-\\d+)?") },
  { name: "gfortran", path: started("gfortran(?:-\\d+)?") },
  { name: "Rust", path: started("rustc") },
  { name: "Go", path: started("go") },
  { name: "CMake", path: started("cmake") },
  { name: "git", path: started("git") },
  { name: "conda", path: started("conda") },
  { name: "mamba", path: started("mamba|micromamba") },
  { name: "uv", path: started("uv") },
  { name: "pip", path: started("pip|pip3") },
  { name: "Poetry", path: started("poetry") },
  { name: "nginx", path: started("nginx") },
  { name: "Apache", path: started("apache2|httpd") },
  { name: "OpenSSH server", path: started("sshd") },
  { name: "PostgreSQL", path: /\/postgresql\/\d+\/bin\/postgres$/ },
  { name: "Redis", path: started("redis-server") },
  { name: "supervisord", path: started("supervisord") },
  { name: "tini", path: started("tini") },
  { name: "s6", path: started("s6-svscan") },
  { name: "cron", path: started("cron|crond") },
  { name: "ffmpeg", path: started("ffmpeg") },
  { name: "curl", path: started("curl") },
];

const patternsOf = new RegExp(known.map(({ path }) => `(?:${path.source})`).join("|"));

/**
 * Programs and services that a person would name, each environment's own. A name that is a symbolic link counts where its target is
 * not counted already. Versions are those of packages; "" where none tells.
 */
export function findPrograms(files: readonly FileReport[]): Program[] {
  const candidates = files.filter(
    ({ path, placed }) => placed.entry.type !== "directory" && patternsOf.test(path),
  );
  const versions = versionsOf(files);
  const found: Program[] = [];
  for (const { name, path, packages } of known) {
    const own = candidates.filter((file) => path.test(file.path)).sort(filesFirst);
    const targets = new Set<string>();
    for (const file of own) {
      const target = file.placed.entry.type === "symlink" ? targetName(file) : file.path;
      if (targets.has(keyOf(target)) || targets.has(keyOf(file.path))) continue;
      targets.add(keyOf(target)).add(keyOf(file.path));
      found.push({ name, path: file.path, version: versionOf(file, packages ?? [], versions) });
    }
  }
  return found;
}

function filesFirst(one: FileReport, other: FileReport): number {
  const [a, b] = [one, other].map(({ placed }) => (placed.entry.type === "symlink" ? 1 : 0)) as [
    number,
    number,
  ];
  return a - b || one.path.length - other.path.length || (one.path < other.path ? -1 : 1);
}

/** One program of one environment, whichever of its names: `opt/conda/bin`, without the usr that merged systems leave out. */
function keyOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")).replace(/^usr\//, "");
}

function targetName({ path, placed }: FileReport): string {
  const { linkPath } = placed.entry;
  return linkPath.startsWith("/") ? linkPath.slice(1) : path.slice(0, path.lastIndexOf("/") + 1) + linkPath;
}

type Versions = ReadonlyMap<string, readonly Package[]>;

function versionsOf(files: readonly FileReport[]): Versions {
  const seen = new Set<Package>();
  for (const { package: owner } of files) if (owner !== undefined) seen.add(owner);
  const byName = new Map<string, Package[]>();
  for (const owner of seen)
    byName.set(owner.name.toLowerCase(), [...(byName.get(owner.name.toLowerCase()) ?? []), owner]);
  return byName;
}

function versionOf(file: FileReport, names: readonly string[], versions: Versions): string {
  const named = names.flatMap((name) => versions.get(name) ?? []);
  const near = named.find(({ home }) => home !== "" && file.path.startsWith(`${home}/`)) ?? named[0];
  const own = near?.version ?? file.package?.version ?? "";
  if (own !== "") return own;
  return /\/python(\d\.\d+)$/.exec(file.path)?.[1] ?? "";
}
