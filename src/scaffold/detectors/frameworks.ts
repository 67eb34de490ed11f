import { cudaOfIndex } from "../../catalog/cuda.ts";
import { compareVersions, minorOf } from "../../catalog/versions.ts";
import type { Detector, Draft, Evidence, Found, Framework, FrameworkName, ProjectFiles } from "../project.ts";
import { isBesides } from "./reading/base.ts";
import { containerFacts } from "./reading/container-commands.ts";
import { pythonFiles } from "./reading/python-files.ts";
import { forRunning, type Wishes } from "./reading/wish-list.ts";
import { wishesOf } from "./reading/wishes.ts";

/** Packages that are a framework, by normal name. */
const own: Readonly<Record<string, FrameworkName>> = {
  torch: "torch",
  tensorflow: "tensorflow",
  "tensorflow-gpu": "tensorflow",
  "tensorflow-cpu": "tensorflow",
  "tensorflow-intel": "tensorflow",
  "tf-nightly": "tensorflow",
  jax: "jax",
  jaxlib: "jax",
  "jax-cuda12-plugin": "jax",
  onnxruntime: "onnxruntime",
  "onnxruntime-gpu": "onnxruntime-gpu",
  tensorrt: "tensorrt",
  "tensorrt-cu12": "tensorrt",
  "nvidia-tensorrt": "tensorrt",
  cupy: "cupy",
  "cupy-cuda11x": "cupy",
  "cupy-cuda12x": "cupy",
  "cupy-cuda13x": "cupy",
  vllm: "vllm",
};

/** Packages that do not work without a framework, so that it comes with them. */
const brings: readonly (readonly [FrameworkName, string])[] = [
  [
    "torch",
    `torchvision torchaudio torchtext torchmetrics pytorch-lightning lightning pytorch-ignite fastai timm ultralytics kornia accelerate peft trl bitsandbytes
    xformers flash-attn deepspeed sentence-transformers openai-whisper whisperx torch-geometric pytorch3d detectron2 mmcv mmengine mmdet open-clip-torch clip
    segmentation-models-pytorch albumentations-pytorch monai easyocr speechbrain pyannote-audio torchdiffeq botorch gpytorch stable-baselines3 vllm tts
    facexlib basicsr gfpgan realesrgan facenet-pytorch torchsde fairseq triton liger-kernel unsloth axolotl lerobot sglang demucs vocos surya-ocr marker-pdf`,
  ],
  [
    "tensorflow",
    "tensorflow-hub tensorflow-text tensorflow-addons tensorflow-datasets tf-keras tflearn keras-cv tf-models-official deepface",
  ],
  ["jax", "flax optax dm-haiku equinox orbax-checkpoint chex jaxtyping-jax numpyro brax"],
  ["onnxruntime", "rapidocr-onnxruntime fastembed insightface"],
];

const impliedBy = new Map(
  brings.flatMap(([framework, names]) => names.split(/\s+/).map((name) => [name, framework] as const)),
);

const modules: readonly (readonly [string, FrameworkName])[] = [
  ["torch", "torch"],
  ["tensorflow", "tensorflow"],
  ["jax", "jax"],
  ["onnxruntime", "onnxruntime"],
  ["tensorrt", "tensorrt"],
  ["cupy", "cupy"],
  ["vllm", "vllm"],
];

/** The frameworks with what is known of their CUDA: what is asked for, what the lock file brings, what the code imports. */
export const frameworks: Detector = (files, draft) => {
  if (draft.manager.value === "r") {
    ofR(draft);
    return;
  }
  const wishes = wishesOf(files);
  const found = new Map<FrameworkName, Evidence[]>();
  const add = (name: FrameworkName, from: Evidence): void => {
    const because = found.get(name);
    if (because === undefined) found.set(name, [from]);
    else if (because.length < 3) because.push(from);
  };
  const wanted = forRunning(draft.requirements);
  for (const { name, from } of wanted) {
    const framework = own[name];
    if (framework !== undefined) add(framework, from);
  }
  for (const { name, from, version } of wanted) {
    const framework = impliedBy.get(name);
    if (framework !== undefined && !found.has(framework))
      add(framework, { ...from, says: `asks for ${name}${version}, which needs ${framework}` });
  }
  // What the lock file brings for developers alone is not told apart there: it counts where something is asked for that may bring it.
  for (const name of ["torch", "tensorflow", "vllm"] as const) {
    const [locked] = wishes.locked.get(name) ?? [];
    if (
      locked !== undefined &&
      !found.has(name) &&
      wishes.lockFile !== undefined &&
      !onlyForDevelopers(wishes, name)
    )
      add(name, { file: wishes.lockFile, line: locked.line, says: `has ${name} ${locked.version}` });
  }
  addImported(files, draft, found, add);
  if (found.has("onnxruntime-gpu")) found.delete("onnxruntime");
  draft.frameworks = [...found].map(([name, because]) => describe(files, draft, wishes, name, because));
};

/** Whether a package is asked for, but in groups of developers only. */
function onlyForDevelopers(wishes: Wishes, name: string): boolean {
  const asked = wishes.requirements.filter((one) => one.name === name || impliedBy.get(one.name) === name);
  return asked.length > 0 && forRunning(asked).length === 0;
}

/** A framework that the code imports but nobody asks for: it has to be installed by hand, as many a README says. */
function addImported(
  files: ProjectFiles,
  draft: Draft,
  found: ReadonlyMap<FrameworkName, Evidence[]>,
  add: (name: FrameworkName, from: Evidence) => void,
): void {
  const programs = pythonFiles(files).filter(({ path }) => !isBesides(path));
  const asked = new Set(draft.requirements.map(({ name }) => own[name] ?? impliedBy.get(name)));
  const hasOther = found.size > 0;
  for (const [module, framework] of modules) {
    if (found.has(framework) || asked.has(framework)) continue;
    if (framework === "onnxruntime" && found.has("onnxruntime-gpu")) continue;
    const users = programs.filter((one) => one.imports.get(module)?.top === true);
    const [first] = users;
    // Beside a framework that is asked for, a few imports are bridges and converters.
    const isListed = forRunning(draft.requirements).length > 0;
    const isMain =
      hasOther || (isListed && users.length * 10 < programs.length)
        ? users.length >= 3 && users.length * 3 > programs.length
        : users.length > 0;
    if (first !== undefined && isMain)
      add(framework, {
        file: first.path,
        line: first.imports.get(module)?.line ?? 1,
        says: `imports ${module}`,
      });
  }
  if (found.size === 0 && programs.length <= 3) addFromNotebooks(files, draft, add);
}

function addFromNotebooks(
  files: ProjectFiles,
  draft: Draft,
  add: (name: FrameworkName, from: Evidence) => void,
): void {
  for (const path of draft.notebooks.filter((one) => one.endsWith(".ipynb")).slice(0, 100)) {
    const text = files.read(path) ?? "";
    for (const [module, framework] of modules) {
      if (framework === "tensorrt" || framework === "vllm") continue;
      if (text.includes(`"import ${module}`) || text.includes(`"from ${module}`))
        add(framework, { file: path, says: `imports ${module}` });
    }
  }
}

function describe(
  files: ProjectFiles,
  draft: Draft,
  wishes: Wishes,
  name: FrameworkName,
  because: readonly Evidence[],
): Found<Framework> {
  const names = Object.keys(own).filter((one) => own[one] === name);
  const asked = draft.requirements.filter((one) => names.includes(one.name));
  const locked = names.flatMap((one) => wishes.locked.get(one) ?? []);
  const exact = asked
    .map(({ version }) => /^={2,3}([^,*]+)$/.exec(version)?.[1])
    .find((one) => one !== undefined);
  const newest = [...locked].sort((a, b) =>
    compareVersions(b.version.split("+")[0] ?? "", a.version.split("+")[0] ?? ""),
  )[0]?.version;
  const version = (newest ?? exact)?.split("+")[0];
  const hints = buildHints(files, draft, wishes, name, names);
  const cuda = hints.find((one) => one.cuda !== undefined)?.cuda;
  const says = new Set(hints.map(({ build }) => build));
  const [build = "open"] = says.size === 1 ? [...says] : [];
  const told = hints
    .map(({ from }) => from)
    .filter((from) => !because.some((one) => one.file === from.file && one.line === from.line));
  return { value: { name, version, build, cuda }, because: [...because, ...told].slice(0, 5) };
}

interface Hint {
  readonly build: "cpu" | "cuda";
  readonly cuda: string | undefined;
  readonly from: Evidence;
}

/** What speaks for CPU or CUDA builds of a framework, the surest first. */
function buildHints(
  files: ProjectFiles,
  draft: Draft,
  wishes: Wishes,
  name: FrameworkName,
  names: readonly string[],
): Hint[] {
  const hints: Hint[] = [];
  const cpu = (from: Evidence): void => void hints.push({ build: "cpu", cuda: undefined, from });
  const gpu = (version: string | undefined, from: Evidence): void =>
    void hints.push({ build: "cuda", cuda: version, from });
  for (const one of draft.requirements.filter((one) => names.includes(one.name))) {
    const local = /\+(cpu|cu\d+)/.exec(one.version)?.[1];
    if (local === "cpu") cpu(one.from);
    else if (local !== undefined) gpu(cudaOfIndex(local), one.from);
    if (one.name.endsWith("-cpu")) cpu(one.from);
    if (one.name.endsWith("-gpu") || one.extras.includes("and-cuda")) gpu(undefined, one.from);
    const major = /(?:^|[-_ ])cu(?:da)?(1\d)(?:$|x|[-_ ])/.exec([one.name, ...one.extras].join(" "))?.[1];
    if (major !== undefined) gpu(major, one.from);
  }
  if (name === "torch" || name === "vllm") {
    const indexes = [
      ...wishes.indexes,
      ...containerFacts(files, draft)
        .indexes.filter(({ url }) => !url.endsWith("/cpu"))
        .map(({ url, file, line }) => ({
          url,
          packages: [],
          from: { file, line, says: `names ${url}` },
        })),
    ];
    for (const { url, packages, from } of indexes) {
      if (packages.length > 0 && !packages.includes("torch")) continue;
      const build = /(?:^|[/+]|%2B)(cpu|cu\d{2,3})(?=$|[/?#-]|\/torch)/.exec(url)?.[1];
      if (build === "cpu") cpu(from);
      else if (build !== undefined) gpu(cudaOfIndex(build), from);
    }
    for (const { version, line } of wishes.locked.get("torch") ?? []) {
      const local = /\+(cpu|cu\d+)/.exec(version)?.[1];
      const from = { file: wishes.lockFile ?? "", line, says: `has torch ${version}` };
      if (local === "cpu") cpu(from);
      else if (local !== undefined) gpu(cudaOfIndex(local), from);
    }
  }
  addConda(draft, wishes, name, cpu, gpu);
  addLockedCuda(wishes, name, hints, gpu);
  return hints;
}

function addConda(
  draft: Draft,
  wishes: Wishes,
  name: FrameworkName,
  cpu: (from: Evidence) => void,
  gpu: (version: string | undefined, from: Evidence) => void,
): void {
  if (draft.manager.value !== "conda" && draft.manager.value !== "pixi") return;
  const channels = { torch: /^pytorch/, tensorflow: /^tensorflow/, jax: /^jax/ } as const;
  const pattern = name === "torch" || name === "tensorflow" || name === "jax" ? channels[name] : undefined;
  for (const one of wishes.conda) {
    const number = /(\d+(?:\.\d+)?)/.exec(one.version)?.[1];
    if (/^(?:pytorch-cuda|cudatoolkit|cuda-version|cuda-toolkit|cuda-runtime|cuda)$/.test(one.condaName))
      gpu(number, one.from);
    if (one.condaName === "cpuonly" && name === "torch") cpu(one.from);
    if (pattern?.test(one.condaName) !== true) continue;
    if (one.condaName.endsWith("-gpu") || /cuda|gpu/.test(one.build ?? "")) {
      const build = /cuda_?(\d{2})\.?(\d)?/.exec(one.build ?? "");
      gpu(build === null ? undefined : [build[1], build[2]].filter(Boolean).join("."), one.from);
    }
    if (one.condaName.endsWith("-cpu") || /cpu/.test(one.build ?? "")) cpu(one.from);
  }
  for (const { version, from } of wishes.systemCuda) gpu(version, from);
}

/** The CUDA wheels of NVIDIA in a lock file: they come along where no other build was chosen. */
function addLockedCuda(
  wishes: Wishes,
  name: FrameworkName,
  hints: readonly Hint[],
  gpu: (version: string | undefined, from: Evidence) => void,
): void {
  if (
    hints.length > 0 ||
    !["torch", "vllm", "tensorflow", "jax"].includes(name) ||
    wishes.lockFile === undefined
  )
    return;
  for (const wheel of [
    "nvidia-cuda-runtime",
    "nvidia-cuda-runtime-cu13",
    "nvidia-cuda-runtime-cu12",
    "nvidia-cuda-runtime-cu11",
  ]) {
    const [locked] = wishes.locked.get(wheel) ?? [];
    if (locked === undefined) continue;
    gpu(minorOf(locked.version), {
      file: wishes.lockFile,
      line: locked.line,
      says: `has ${wheel} ${locked.version}`,
    });
    return;
  }
}

function ofR(draft: Draft): void {
  for (const name of ["torch", "tensorflow"] as const) {
    const asked = draft.requirements.find((one) => one.name === name && one.groups.includes("main"));
    if (asked === undefined) continue;
    const value: Framework = { name, version: undefined, build: "open", cuda: undefined };
    draft.frameworks.push({ value, because: [asked.from] });
  }
}
