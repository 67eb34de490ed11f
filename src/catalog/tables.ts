import { ends, newer, supported, unsupported } from "./cuda-image-lists.ts";
import { requirements } from "./cuda-requirements.ts";
import { toolkits } from "./cuda.ts";
import { frameworks, ngcImages } from "./frameworks.ts";
import { gpus } from "./gpus.ts";
import { gonePackages } from "./os-packages.ts";
import { languageEnds, osReleases } from "./os-releases.ts";
import { wheelSizes } from "./package-sizes.ts";
import type { SourceName } from "./sources.ts";
import { torchKernels, torchReleases } from "./torch-releases.ts";
import { wheelPins } from "./torch-wheels.ts";

/** A table of the catalogue as text, for people and for search. */
export interface CatalogTable {
  /** What follows `ddiff catalog`. */
  readonly topic: string;
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly sources: readonly SourceName[];
}

/** All tables, made when they are asked for. */
export function catalogTables(): CatalogTable[] {
  return [gpuTable(), cudaTable(), driverTable(), imageTable(), ...torchTables(), ...otherTables()];
}

function gpuTable(): CatalogTable {
  return {
    topic: "gpu",
    about: "GPUs and their compute capability",
    columns: ["GPU", "CAPABILITY", "FAMILY", "KIND"],
    rows: gpus.map((gpu) => [gpu.name, gpu.capability, gpu.family, gpu.kind]),
    sources: ["nvidia-gpus"],
  };
}

function cudaTable(): CatalogTable {
  return {
    topic: "cuda",
    about: "toolkits, the drivers that they need and the GPUs that they build for",
    columns: ["CUDA", "DRIVER NEEDED", "DRIVER BUNDLED", "CAPABILITIES"],
    rows: toolkits.map((one) => [
      one.cuda,
      one.minimumDriver,
      one.bundledDriver,
      one.capabilities.join(" to "),
    ]),
    sources: ["nvidia-compatibility", "nvidia-runfiles", "nvidia-toolkit-notes"],
  };
}

function driverTable(): CatalogTable {
  return {
    topic: "driver",
    about: "what the nvidia/cuda images ask of the driver (NVIDIA_REQUIRE_CUDA)",
    columns: ["IMAGE", "ASKS FOR", "OR DRIVER BRANCH", "ALSO FOR GEFORCE"],
    rows: requirements.map((one) => [
      one.cuda,
      `CUDA ${one.cuda}`,
      one.branches.join(" "),
      one.geforce ? "yes" : "no",
    ]),
    sources: ["nvidia-image-files"],
  };
}

function imageTable(): CatalogTable {
  const ended = new Set(Object.keys(ends));
  const lists = [
    ...newer.map((row) => ({ row, list: "newer than NVIDIA's list" })),
    ...supported.filter((row) => !ended.has(row.cuda)).map((row) => ({ row, list: "supported" })),
    ...unsupported.map((row) => ({ row, list: "unsupported" })),
  ];
  return {
    topic: "image",
    about: "the tags of nvidia/cuda",
    columns: ["CUDA", "LIST", "CUDNN IN TAGS", "OS WITH CUDNN", "OS WITHOUT"],
    rows: lists.map(({ row, list }) => [
      row.cuda,
      list,
      row.cudnn === "" ? "none" : row.cudnn,
      row.withCudnn.join(" "),
      row.without.join(" "),
    ]),
    sources: ["nvidia-images", "nvidia-image-ends", "cog", "rocker-versions"],
  };
}

function torchTables(): CatalogTable[] {
  return [
    {
      topic: "torch",
      about: "releases of PyTorch, what goes along, and the CUDA of their wheels",
      columns: ["TORCH", "TORCHVISION", "PYTHON", "CUDA", "FROM PYPI", "CUDNN", "ROCM"],
      rows: torchReleases.map((one) => [
        one.points.at(-1) ?? one.torch,
        one.torchvision,
        one.python.join(" to "),
        one.cuda.join(" "),
        one.pypiCuda,
        one.cudnn,
        one.rocm ?? "",
      ]),
      sources: ["torch-release", "cog", "pypi"],
    },
    {
      topic: "kernels",
      about: "the compute capabilities that PyTorch's wheels have code for",
      columns: ["TORCH", "CUDA", "ARCH", "CAPABILITIES"],
      rows: torchKernels.map((one) => [
        one.from === one.to ? one.from : `${one.from} to ${one.to}`,
        one.cuda,
        one.arch,
        one.capabilities.join(" ") + (one.ptx ? " and newer (PTX)" : ""),
      ]),
      sources: ["torch-release", "torch-builds"],
    },
    {
      topic: "wheels",
      about:
        "the wheels with CUDA's libraries that builds of PyTorch pin; ddiff base stores what several pin once",
      columns: ["TORCH", "CUDA", "WHEELS"],
      rows: wheelPins.map((one) => [one.torch.join(" "), one.cuda, one.wheels.join(" ")]),
      sources: ["pypi", "torch-matrix", "torch-logs"],
    },
  ];
}

function otherTables(): CatalogTable[] {
  return [
    {
      topic: "framework",
      about: "the CUDA of TensorFlow, JAX and ONNX Runtime",
      columns: ["FRAMEWORK", "FROM", "CUDA", "CUDNN", "PYTHON", "CUDA COMES FROM"],
      rows: Object.entries(frameworks).flatMap(([name, builds]) =>
        builds.map((one) => [
          name,
          one.from,
          one.cuda,
          one.cudnn,
          one.python?.join(" to ") ?? "",
          one.cudaFrom,
        ]),
      ),
      sources: ["tensorflow-install", "jax-install", "onnxruntime-cuda"],
    },
    {
      topic: "ngc",
      about: "NVIDIA's monthly images",
      columns: ["IMAGE", "TAG", "TORCH", "CUDA", "DRIVER"],
      rows: ngcImages.map((one) => [one.name, one.tag, one.torch ?? "", one.cuda ?? "", one.driver ?? ""]),
      sources: ["ngc-notes"],
    },
    {
      topic: "os",
      about: "when Linux releases, Python and Node end",
      columns: ["RELEASE", "CODENAME", "SUPPORT ENDS", "SECURITY UPDATES END"],
      rows: [
        ...osReleases.map((one) => [one.id, one.codename ?? "", one.ends, one.securityEnds]),
        ...Object.entries(languageEnds).flatMap(([language, versions]) =>
          Object.entries(versions)
            .sort(([, left], [, right]) => (left < right ? 1 : -1))
            .map(([version, end]) => [`${language}:${version}`, "", end, end]),
        ),
      ],
      sources: ["distro-info", "end-of-life"],
    },
    {
      topic: "package",
      about: "apt packages that a release does not have any more",
      columns: ["PACKAGE", "RELEASE", "INSTEAD", "WHAT IT IS"],
      rows: gonePackages.flatMap((one) =>
        Object.entries(one.gone).map(([release, instead]) => [one.name, release, instead, one.kind]),
      ),
      sources: ["debian-packages", "ubuntu-packages"],
    },
    {
      topic: "size",
      about: "what Python packages weigh, in megabytes",
      columns: ["PACKAGE", "WHEEL", "ON DISK"],
      rows: [
        ...torchReleases
          .filter((one) => one.wheelBytes !== undefined)
          .map((one) => [`torch ${one.points.at(-1)}`, megabytes(one.wheelBytes ?? 0), ""]),
        ...wheelSizes.map((one) => [one.name, megabytes(one.wheelBytes), megabytes(one.diskBytes)]),
      ],
      sources: ["pip-logs"],
    },
  ];
}

/**
 * The rows that fit all words: a word is one of the row's words, or begins one and is not cut off within a number (`2.5` finds
 * `2.5.1` but neither `2.50` nor `12.5`). Without words, all rows.
 */
export function matchingRows(table: CatalogTable, words: readonly string[]): (readonly string[])[] {
  return table.rows.filter((row) =>
    words.every((word) => row.some((cell) => cellHas(cell.toLowerCase(), word.toLowerCase()))),
  );
}

function cellHas(cell: string, word: string): boolean {
  for (let at = cell.indexOf(word); at >= 0; at = cell.indexOf(word, at + 1)) {
    const before = cell[at - 1] ?? " ";
    const after = cell[at + word.length] ?? " ";
    const cutsNumber = /^\d/.test(word) && /[\d.]/.test(before);
    if (!cutsNumber && !(/\d$/.test(word) && /\d/.test(after))) return true;
  }
  return false;
}

function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1_000_000));
}
