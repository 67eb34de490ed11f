import type { Platform } from "../../../oci/platform.ts";
import type { LibraryTest } from "../checklist.ts";
import type { CheckedImage } from "../image.ts";
import { type CheckResult, resultOf } from "../result.ts";
import { LibrarySearch } from "./library-search.ts";

/** The names that ELF files give to architectures (inspect/elf.ts), where they differ. */
const machines: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  arm64: "aarch64",
  ppc64le: "ppc64",
  riscv64: "riscv",
  loong64: "loongarch",
};
/** The driver's libraries, which NVIDIA's container toolkit puts into a container that gets a GPU. */
const fromDriver =
  /^lib(?:cuda|cudadebugger|nvcuvid|nvoptix|nvidia-(?:ml|encode|opticalflow|ptxjitcompiler|nvvm|allocator|cfg|fbc|ngx|gpucomp|opencl))\.so(?:\.|$)/;

/** Something that a file needs and that is not found. */
export interface LibraryProblem {
  /** With `/` in front. */
  file: string;
  /** A library's name, or the loader's path. */
  needs: string;
  /** `elsewhere`: a file of that name is in the image, and serves where something loads it before. */
  kind: "library" | "loader" | "elsewhere";
}

/** Whether what programs and libraries need is found by the dynamic loader's rules. Needs no program to run, so it serves for every architecture. */
export function lookAtLibraries(test: LibraryTest, image: CheckedImage): CheckResult {
  const except = new Set(test.except);
  const problems = libraryProblems(image).filter(
    ({ file, needs }) => !except.has(needs) && !except.has(`${file}: ${needs}`),
  );
  const sentences = (kind: LibraryProblem["kind"], sentence: (problem: LibraryProblem) => string): string[] =>
    problems.filter((problem) => problem.kind === kind).map(sentence);
  return resultOf("library", test.name, {
    failures: [
      ...sentences("loader", ({ file, needs }) => `${file} needs the loader ${needs}, which is not there`),
      ...sentences("library", ({ file, needs }) => `${file} needs ${needs}, which is not there`),
    ].sort(),
    doubts: sentences(
      "elsewhere",
      ({ file, needs }) => `${file} needs ${needs}, which is found only where something loaded it before`,
    ).sort(),
  });
}

/** All that programs and libraries of the image's machine need and do not find, but for what NVIDIA's driver brings. */
export function libraryProblems({ tree, image, run }: CheckedImage): LibraryProblem[] {
  const machine = machineOf(image.platform);
  const search = new LibrarySearch(tree, { machine, env: run.env });
  return [
    ...search
      .withoutLoader(machine)
      .map(({ file, loader }): LibraryProblem => ({ file, needs: loader, kind: "loader" })),
    ...search
      .lost()
      .filter(({ library }) => !fromDriver.test(library))
      .map(
        ({ file, library, elsewhere }): LibraryProblem => ({
          file,
          needs: library,
          kind: elsewhere === undefined ? "library" : "elsewhere",
        }),
      ),
  ];
}

/** The machine of a platform's programs. */
function machineOf({ architecture }: Platform): string {
  return machines[architecture] ?? architecture;
}
