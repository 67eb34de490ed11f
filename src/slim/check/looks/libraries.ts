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

/** Whether what programs and libraries need is found by the dynamic loader's rules. Needs no program to run, so it serves for every architecture. */
export function lookAtLibraries(test: LibraryTest, { tree, image, run }: CheckedImage): CheckResult {
  const machine = machineOf(image.platform);
  const search = new LibrarySearch(tree, { machine, env: run.env });
  const except = new Set(test.except);
  const lost = search
    .lost()
    .filter(({ library }) => !fromDriver.test(library))
    .filter(({ file, library }) => !except.has(library) && !except.has(`${file}: ${library}`));
  const failures = [
    ...search
      .withoutLoader(machine)
      .filter(({ file, loader }) => !except.has(loader) && !except.has(`${file}: ${loader}`))
      .map(({ file, loader }) => `${file} needs the loader ${loader}, which is not there`),
    ...lost
      .filter(({ elsewhere }) => elsewhere === undefined)
      .map(({ file, library }) => `${file} needs ${library}, which is not there`),
  ];
  const doubts = lost
    .filter(({ elsewhere }) => elsewhere !== undefined)
    .map(
      ({ file, library }) => `${file} needs ${library}, which is found only where something loaded it before`,
    );
  return resultOf("library", test.name, { failures: failures.sort(), doubts: doubts.sort() });
}

/** The machine of a platform's programs. */
export function machineOf({ architecture }: Platform): string {
  return machines[architecture] ?? architecture;
}
