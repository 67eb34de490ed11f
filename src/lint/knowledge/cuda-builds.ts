import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand, ShellWord } from "../../dockerfile/shell.ts";
import { type PackageCommand, packageCommands } from "./installs.ts";

/** Something that compiles code for GPUs through torch's extension builder. */
export interface CudaExtension {
  readonly name: string;
  readonly word: ShellWord;
}

/** Projects whose installs from source compile CUDA with torch's extension builder, as their addresses end. */
const sources =
  /(?:^|\/)(apex|detectron2|pytorch3d|xformers|mmcv|GroundingDINO|Grounded-Segment-Anything|gsplat|torchsparse|MinkowskiEngine|diff-gaussian-rasterization|simple-knn|nvdiffrast|causal-conv1d|mamba|pytorch_scatter|pytorch_sparse|pytorch_cluster|tiny-cuda-nn|kaolin)(?:\.git)?(?:[@#/].*)?$/i;
/** Packages that PyPI has as source only, so that every install compiles them. */
const sourceOnly = new Set([
  "torch-scatter",
  "torch-sparse",
  "torch-cluster",
  "torch-spline-conv",
  "mamba-ssm",
  "causal-conv1d",
]);

/** The installs of a RUN that compile CUDA extensions of torch, as far as they are known by name. */
export function cudaExtensions(file: Dockerfile, instruction: Instruction): CudaExtension[] {
  return [...clonedExtensions(file, instruction), ...installedExtensions(file, instruction)];
}

/** `git clone .../apex && cd apex && pip install .` */
function clonedExtensions(file: Dockerfile, instruction: Instruction): CudaExtension[] {
  if (!/git clone/.test(instruction.body.text) || !/\bpip3? install|setup\.py/.test(instruction.body.text))
    return [];
  return readShell(file, instruction).flatMap((script) =>
    script.commands.flatMap((command) => {
      if (command.name !== "git" || command.args[0]?.value !== "clone") return [];
      const word = command.args.find(({ value }) => sources.test(value));
      const name = word === undefined ? undefined : sources.exec(word.value)?.[1];
      return word === undefined || name === undefined ? [] : [{ name, word }];
    }),
  );
}

function installedExtensions(file: Dockerfile, instruction: Instruction): CudaExtension[] {
  return packageCommands(file, instruction).flatMap((command) => {
    if ((command.manager !== "pip" && command.manager !== "uv-pip") || command.action !== "install")
      return [];
    const found: CudaExtension[] = [];
    for (const word of command.files) {
      const name = /^(?:git\+|https:\/\/github\.com\/.*\.git)/.test(word.value)
        ? sources.exec(word.value)?.[1]
        : undefined;
      if (name !== undefined) found.push({ name, word });
    }
    // A page of wheels, or another index, has them built.
    const wheels = [...command.options.keys()].some((one) =>
      /^(?:-f|--find-links|--index-url|--extra-index-url|-i|--only-binary|--index)$/.test(one),
    );
    for (const { name, word } of command.packages) {
      if (!wheels && sourceOnly.has(name)) found.push({ name, word });
    }
    return found;
  });
}

const compilers =
  /^(?:nvcc|cmake|make|ninja|bazel|bazelisk|meson|gcc|g\+\+|cc|clang|clang\+\+|cargo|scons|catkin_make|colcon|python\d?-config|go)$/;

/** Whether a RUN compiles something, or installs what has to be compiled; scripts are `runsScript`. */
export function mayCompile(file: Dockerfile, instruction: Instruction): boolean {
  if (instruction.keyword !== "RUN") return false;
  if (cudaExtensions(file, instruction).length > 0) return true;
  return (
    readShell(file, instruction).some(
      (script) => script.ast !== undefined && script.commands.some(compiles),
    ) || packageCommands(file, instruction).some(buildsFromSource)
  );
}

function compiles({ name, args }: ShellCommand): boolean {
  if (/^python[\d.]*$/.test(name))
    return args.some((word) => word.value === "setup.py" || word.value === "build");
  return compilers.test(name) || name === "configure";
}

/** Scripts of others that compile nothing. */
const installers =
  /get-pip\.py|(?:mini|ana)conda|miniforge|mambaforge|micromamba|rustup|nodesource|nvm|poetry|uv-installer|install-uv/i;

/** Whether a RUN runs a script of which nothing is known; installers of tools are known to compile nothing. */
export function runsUnknownScript(file: Dockerfile, instruction: Instruction): boolean {
  return runsScript(file, instruction) && !installers.test(instruction.body.text);
}

/** Whether a RUN runs a script, whatever it does. */
export function runsScript(file: Dockerfile, instruction: Instruction): boolean {
  if (instruction.keyword !== "RUN") return false;
  return readShell(file, instruction).some((script) =>
    script.commands.some(({ name, nameWord, args }) => {
      if (
        /\.(?:sh|bash|py)$/.test(name) ||
        nameWord?.value.startsWith("./") === true ||
        nameWord?.literal === false
      )
        return true;
      return (
        /^(?:sh|bash|source|\.|python[\d.]*)$/.test(name) &&
        args.some((word) => /\.(?:sh|bash|py)$|^\.\/|\$/.test(word.value))
      );
    }),
  );
}

/** Installs that have to compile: from git, from the context, or of packages that use nvcc. */
function buildsFromSource(command: PackageCommand): boolean {
  if (!["pip", "uv-pip", "uv", "poetry", "pdm"].includes(command.manager)) return false;
  if (
    command.files.some(
      (word) =>
        /^git\+|^\.(?:$|[[/])|^https:.*(?:\.git|\.zip|\.tar\.gz)/.test(word.value) &&
        !word.value.endsWith(".txt"),
    )
  )
    return true;
  if (command.options.has("--no-binary") || command.options.has("--no-build-isolation")) return true;
  return command.packages.some(
    ({ name }) =>
      /^(?:flash-attn|deepspeed|apex|llama-cpp-python|vllm|sglang|tensorrt.*|pycuda|cupy|mmcv|mmcv-full|auto-gptq|flashinfer.*)$/.test(
        name,
      ) || sourceOnly.has(name),
  );
}
