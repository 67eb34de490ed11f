import { compareVersions } from "../../catalog/versions.ts";
import type { Detector, Evidence, ProjectFiles } from "../project.ts";
import { pythonFiles } from "./reading/python-files.ts";
import { evidence } from "./reading/parsed.ts";
import { readSetup } from "./reading/setup-file.ts";
import { baseOf, isBesides } from "./reading/base.ts";
import { forRunning } from "./reading/wish-list.ts";
import { wishesOf } from "./reading/wishes.ts";

/** What packages of PyPI need beside themselves. Those of conda bring it along. */
const needs: readonly (readonly [string, string])[] = [
  ["opencv-python opencv-contrib-python", "libgl glib"],
  ["pyqt5 pyqt6 pyside2 pyside6", "libgl glib x11 egl"],
  ["open3d vtk pyvista mayavi", "libgl glib x11 gomp"],
  ["pyrender pyopengl glfw mujoco-py", "libgl"],
  ["mujoco dm-control", "egl libgl"],
  [
    "pydub ffmpeg-python moviepy openai-whisper whisper whisperx audioread pytube yt-dlp imageio-ffmpeg-system",
    "ffmpeg",
  ],
  ["torchcodec", "ffmpeg"],
  ["sox", "sox"],
  ["phonemizer py-espeak-ng espeakng-loader-system", "espeak"],
  ["pyaudio sounddevice", "portaudio"],
  ["pyaudio", "compiler"],
  ["psycopg2", "libpq"],
  ["mysqlclient", "mysql"],
  ["pyodbc", "odbc"],
  ["pytesseract tesserocr ocrmypdf", "tesseract"],
  ["pdf2image pdftotext", "poppler"],
  ["graphviz pydot pydotplus", "graphviz"],
  ["pygraphviz", "graphviz"],
  ["python-magic", "magic"],
  ["pyzbar", "zbar"],
  ["pycairo cairosvg cairocffi", "cairo"],
  ["weasyprint", "pango"],
  ["pyvips", "vips"],
  ["wand", "imagemagick"],
  ["gdal", "gdal"],
  ["mpi4py horovod", "openmpi"],
  ["xgboost lightgbm", "gomp"],
  ["pyspark h2o language-tool-python tabula-py konlpy", "java"],
  [
    "python-ldap netifaces pycocotools-fork fasttext pystan cchardet-src annoy hnswlib pesq webrtcvad pyworld monotonic-align",
    "compiler",
  ],
  [
    "flash-attn apex detectron2 pytorch3d mmcv mmcv-full minkowskiengine tiny-cuda-nn tinycudann causal-conv1d mamba-ssm diff-gaussian-rasterization simple-knn torch-points-kernels spconv-src auto-gptq-src nvdiffrast gsplat-src pointnet2-ops kaolin-src natten transformer-engine",
    "cuda-compiler",
  ],
  ["deepspeed", "compiler"],
  ["dlib", "cmake"],
];

const needsOf = new Map<string, string[]>();
for (const [names, wanted] of needs) {
  for (const name of names.split(" "))
    needsOf.set(name, [...(needsOf.get(name) ?? []), ...wanted.split(" ")]);
}

/** What the packages and the project's own extensions need of the system, by purpose. */
export const systemNeeds: Detector = (files, draft) => {
  const found = new Map<string, Evidence[]>();
  const add = (need: string, from: Evidence): void => {
    const because = found.get(need);
    if (because === undefined) found.set(need, [from]);
    else if (because.length < 3 && !because.some((one) => one.says === from.says)) because.push(from);
  };
  const wishes = wishesOf(files);
  if (draft.manager.value !== "r") {
    const byConda =
      draft.manager.value === "conda" || draft.manager.value === "pixi"
        ? new Set(wishes.conda.map(({ name }) => name))
        : new Set<string>();
    const wanted = forRunning(draft.requirements).filter(({ name }) => !byConda.has(name));
    for (const { name, version, from } of wanted) {
      for (const need of needsOf.get(name) ?? []) if (!bringsOwn(name, version, need)) add(need, from);
      if (/^opencv-(?:contrib-)?python-headless$/.test(name) && isBelow(version, "4.3")) add("glib", from);
    }
    addTransitive(wishes, byConda, add);
    const names = new Set(wanted.map(({ name }) => name));
    for (const { name, url, from } of wishes.urls) {
      if (!names.has(name)) continue;
      if (url.startsWith("git+") || url.endsWith(".git"))
        add("git", { ...from, says: `takes ${name} from ${url.slice(0, 120)}` });
    }
  }
  addExtensions(files, add);
  addCalls(files, add);
  draft.systemNeeds = [...found]
    .map(([value, because]) => ({ value, because }))
    .sort((a, b) => (a.value < b.value ? -1 : 1));
};

/** Releases that carry the library in their wheel. */
function bringsOwn(name: string, version: string, need: string): boolean {
  const exact = /^={2,3}(\d[\w.]*)/.exec(version)?.[1];
  if (name === "flash-attn" || need !== "cuda-compiler") return false;
  // Its wheels on PyPI are CPU and pure ones from 2.0 on; the operators come from the project's own index.
  return name === "mmcv" && exact !== undefined && compareVersions(exact, "1.0") < 0;
}

function isBelow(version: string, limit: string): boolean {
  const exact = /^={2,3}(\d[\w.]*)/.exec(version)?.[1];
  return exact !== undefined && compareVersions(exact, limit) < 0;
}

/** Packages that only the lock file names. Compilers are left out: wheels of them were locked. */
function addTransitive(
  wishes: ReturnType<typeof wishesOf>,
  byConda: ReadonlySet<string>,
  add: (need: string, from: Evidence) => void,
): void {
  if (
    wishes.lockFile === undefined ||
    wishes.lockFile.endsWith("pixi.lock") ||
    wishes.lockFile.includes("conda-lock")
  )
    return;
  for (const name of [
    "opencv-python",
    "opencv-contrib-python",
    "pydub",
    "openai-whisper",
    "psycopg2",
    "weasyprint",
    "pytesseract",
    "python-magic",
    "pyzbar",
  ]) {
    const [locked] = wishes.locked.get(name) ?? [];
    const asked = wishes.requirements.filter((one) => one.name === name);
    if (locked === undefined || byConda.has(name) || (asked.length > 0 && forRunning(asked).length === 0))
      continue;
    for (const need of needsOf.get(name) ?? [])
      add(need, { file: wishes.lockFile, line: locked.line, says: `has ${name} ${locked.version}` });
  }
}

/** The project's own C, C++, CUDA, Rust. */
function addExtensions(files: ProjectFiles, add: (need: string, from: Evidence) => void): void {
  const base = baseOf(files);
  const setups = [
    `${base}setup.py`,
    ...files.list
      .filter(({ path }) => path.endsWith("/setup.py") && !isBesides(path))
      .map(({ path }) => path)
      .slice(0, 20),
  ];
  for (const path of new Set(setups)) {
    const compiles = readSetup(files, path)?.compiles;
    if (compiles === undefined) continue;
    const says = compiles.kind === "cuda" ? "compiles CUDA" : "compiles C or C++";
    add(compiles.kind === "cuda" ? "cuda-compiler" : "compiler", { file: path, line: compiles.line, says });
  }
  const pyproject = files.read(`${base}pyproject.toml`) ?? "";
  const path = `${base}pyproject.toml`;
  for (const [pattern, need, says] of [
    [/["'](?:scikit-build(?:-core)?|py-build-cmake)\b/, "cmake", "is built with CMake"],
    [/["'](?:meson-python|mesonpy|Cython|cython|pybind11|nanobind)\b/, "compiler", "compiles C or C++"],
    [/["'](?:maturin|setuptools-rust)\b/, "rust", "compiles Rust"],
  ] as const) {
    const part = /^\[build-system\]([^[]*(?:\[[^\]]*\][^[]*)?)/m.exec(pyproject)?.[1] ?? "";
    const word = pattern.exec(part)?.[0];
    if (word !== undefined) add(need, evidence(files, path, says, word));
  }
  const kernel = files.list.find(({ path }) => path.endsWith(".cu") && !isBesides(path))?.path;
  if (kernel !== undefined) add("cuda-compiler", { file: kernel, says: "is CUDA code" });
  if (/\.git\b/.test(files.read(".gitmodules") ?? "")) return;
}

/** Programs that the code itself starts, and modules that compile when they are imported. */
function addCalls(files: ProjectFiles, add: (need: string, from: Evidence) => void): void {
  for (const file of pythonFiles(files)) {
    if (isBesides(file.path)) continue;
    const used = file.imports.get("ffmpeg") ?? file.imports.get("pydub");
    if (used !== undefined) add("ffmpeg", { file: file.path, line: used.line, says: "works with ffmpeg" });
    const text = files.read(file.path) ?? "";
    if (/["']ffmpeg["'](?=\s*[,\])])|["']ffmpeg /.test(text))
      add("ffmpeg", { file: file.path, says: "starts ffmpeg" });
    if (/cpp_extension\s+import[^\n]*\bload(?:_inline)?\b|cpp_extension\.load(?:_inline)?\(/.test(text))
      add("cuda-compiler", evidence(files, file.path, "compiles when it runs", "cpp_extension"));
  }
}
