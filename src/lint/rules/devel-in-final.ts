import { readImageName } from "../../catalog/image-name.ts";
import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import { cudaImageBytes } from "../../catalog/package-sizes.ts";
import type { Word } from "../../dockerfile/document.ts";
import { chainOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { mayCompile, runsUnknownScript } from "../knowledge/cuda-builds.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule, type Fix } from "../rule.ts";

export const develInFinal = defineRule({
  kind: "dockerfile",
  name: "devel-in-final",
  group: "base",
  severity: "info",
  aliases: [],
  meaning: "The image ships CUDA's compiler, headers and static libraries.",
  why: "`devel` is about 5 GB more on disk than `runtime` (4.2 GB against 1.3 GB compressed for 12.9.1: llm-d #606), and a program that runs wheels needs none of it. Compile in a stage of its own and copy the result into a stage on `runtime` or `base`. Ignore it for development images, and where code is compiled at run time (DeepSpeed's operators, some kernels of vLLM and SGLang); stages and files that are named so, or install an editor, are left alone.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\nRUN pip install torch\n",
      fixed: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nRUN pip install torch\n",
      good: "FROM nvidia/cuda:12.8.1-devel-ubuntu24.04 AS build\nRUN nvcc -o /app a.cu\nFROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nCOPY --from=build /app /app\n",
    },
  ],
  check(file, report, { path }) {
    if (forDevelopment.test(path) || compilesLater.test(path)) return;
    for (const stage of imageStages(file)) {
      const image = rootImage(stage);
      // The last stage is the image, whatever its name says of building.
      const name =
        stage === file.stages.at(-1) ? (stage.name ?? "").replace(/build\w*/, "") : (stage.name ?? "");
      if (image === undefined || forDevelopment.test(name)) continue;
      const flavour = flavourOf(image);
      if (flavour === undefined) continue;
      const instructions = instructionsOf(stage);
      if (
        instructions.some(
          (one) =>
            compilesLater.test(one.body.text) ||
            (one.keyword === "RUN" && workTools.test(one.body.text)) ||
            runsUnknownScript(file, one),
        )
      )
        continue;
      const sizes = cudaImageBytes;
      const waste = sizes.devel[flavour][1] - sizes.runtime[flavour][1];
      const builds = instructions.some((one) => mayCompile(file, one));
      const advice = builds ? "if something here compiles, do it in another stage" : "nothing here compiles";
      report({
        at: chainOf(stage)[0]?.image ?? stage.from,
        message: `the image carries the CUDA compiler and static libraries of ${image}: ${advice}`,
        waste,
        ...(!builds && runtimeFix(chainOf(stage)[0]?.image)),
      });
    }
  },
});

const forDevelopment =
  /(?:^|[^a-z])(?:dev|devel|devcontainer|development|tests?|ci|builds?|builder|train|training|bench|benchmarks?|jupyter|notebooks?|lab|cross|base)(?:$|[^a-z])/i;
/** What compiles kernels when it is first used. */
const compilesLater =
  /deepspeed|\bvllm|sglang|flashinfer|\bninja|jupyter|notebook|nsight|cuda-gdb|\bsshd\b|code-server|openssh-server/i;

/** Editors and debuggers: people work in the image, and compile what they like. */
const workTools = /(?:^|[\s"'])(?:vim|emacs|nano|neovim|gdb)(?=$|[\s"'\\;&])/m;

/** The same image without the compiler, where its flavour is written in the file. */
function runtimeFix(image: Word | undefined): { fix: Fix } | undefined {
  const at = image?.raw.search(/-devel(?=-|$)/) ?? -1;
  if (
    image === undefined ||
    at < 0 ||
    image.raw.includes("@") ||
    image.raw.length !== image.end - image.start
  )
    return undefined;
  const start = image.start + at + 1;
  return {
    fix: {
      title: "take the runtime flavour",
      risk: "unsafe",
      edits: [{ start, end: start + "devel".length, text: "runtime" }],
    },
  };
}

function flavourOf(image: string): "plain" | "cudnn" | undefined {
  const tag = cudaTagOf(image);
  const parts = tag === undefined ? undefined : parseCudaTag(tag);
  if (parts?.flavour === "devel") return parts.cudnn === undefined ? "plain" : "cudnn";
  const read = readImageName(image);
  return read?.name === "pytorch/pytorch" && (read.tag ?? "").endsWith("-devel") ? "plain" : undefined;
}
