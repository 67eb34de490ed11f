import { findToolkit } from "../catalog/cuda.ts";
import { findTorch } from "../catalog/torch.ts";
import { compareVersions } from "../catalog/versions.ts";
import { isDdiffError } from "../util/errors.ts";
import type { Answers, StageName } from "./answers.ts";
import { asChosen } from "./as-chosen.ts";
import { type Choices, mergeChoices } from "./choices.ts";
import { gpuOnly } from "./cuda/gpu-only.ts";
import { decide } from "./decide.ts";
import { expectedSize, packagesOf } from "./expected-size.ts";
import { imageOf, usesGpu } from "./image-names.ts";
import { platformsOf } from "./platforms.ts";
import type { Project } from "./project.ts";

/** One image that can be made from the project. */
interface Variant {
  readonly stage: StageName;
  /** `ghcr.io/lab/app-serve:cu12.8.1-py3.12-torch2.9.1` */
  readonly image: string;
  readonly tag: string;
  readonly cuda: string | undefined;
  readonly python: string;
  readonly torch: string | undefined;
  /** The oldest driver that runs it. */
  readonly driver: string | undefined;
  readonly base: string;
  /** What it should weigh, in bytes: compressed and on disk. */
  readonly size: { readonly compressed: number; readonly disk: number };
  readonly platforms: readonly string[];
  /** Whether it is what the files of `ddiff init` build as they are; others need `init` first. */
  readonly current: boolean;
  /** The words of `ddiff` that make the files of this variant. */
  readonly init: readonly string[];
}

/** The variants, and those that cannot be. */
export interface Variants {
  readonly variants: readonly Variant[];
  readonly left: readonly { readonly python: string; readonly cuda: string; readonly because: string }[];
}

/** Which variants are wanted; what is not said is that of the answers. */
export interface VariantWishes {
  readonly pythons: readonly string[];
  readonly cudas: readonly string[];
}

/**
 * All variants of a project: with each CUDA that its torch has wheels for (or those of `wishes`), without a GPU, for each Python. The same
 * decisions as for `ddiff init` make each of them. Throws `IMPOSSIBLE` where the project itself cannot be.
 */
export function variantsOf(
  found: Project,
  choices: Choices,
  wishes: VariantWishes,
  earlier?: Answers,
): Variants {
  const project = asChosen(found, choices);
  const { answers } = decide(project, choices, earlier);
  const pythons =
    wishes.pythons.length === 0 ? [answers.python] : [...new Set(wishes.pythons)].sort(compareVersions);
  const cudas =
    wishes.cudas.length === 0 ? cudasOf(answers) : [...new Set(wishes.cudas)].sort(compareVersions).reverse();
  const variants: Variant[] = [];
  const left: { python: string; cuda: string; because: string }[] = [];
  const add = (python: string, own: Choices, gpu: boolean, cuda: string): void => {
    try {
      const made = decide(project, own, earlier).answers;
      for (const stage of made.stages)
        if (usesGpu(stage, made) === gpu) variants.push(variantOf(project, made, stage, answers, own));
    } catch (error) {
      if (!isDdiffError(error, "IMPOSSIBLE")) throw error;
      left.push({ python, cuda, because: error.message });
    }
  };
  for (const python of pythons) {
    for (const cuda of cudas) add(python, mergeChoices(choices, { python, cuda }), true, cuda);
    // What runs on GPUs only has no other variant.
    if (answers.cuda !== undefined && gpuOnly(project) !== undefined) continue;
    const { cuda: _, driver: __, ...others } = choices;
    const stages = others.stages?.filter((one) => !one.endsWith("-gpu"));
    if (stages === undefined || stages.length > 0)
      add(
        python,
        { ...others, python, gpus: [], ...(stages === undefined ? {} : { stages }) },
        false,
        "none",
      );
  }
  return { variants, left };
}

/** The matrix of a workflow: `strategy.matrix.include`, one entry for each variant and platform. */
export function buildMatrix({ variants }: Variants): { include: Record<string, string>[] } {
  return {
    include: variants.flatMap((one) =>
      one.platforms.map((platform) => ({
        stage: one.stage,
        image: one.image,
        tag: one.tag,
        platform,
        runner: platform === "linux/arm64" ? "ubuntu-24.04-arm" : "ubuntu-24.04",
        init: one.init.join(" "),
      })),
    ),
  };
}

/** CUDAs that variants can have: those of the wheels of this torch where no lock file and no vLLM has settled it, else the one that is decided. */
function cudasOf(answers: Answers): string[] {
  if (answers.cuda === undefined) return [];
  const release = answers.torch === undefined ? undefined : findTorch(answers.torch);
  const isVllm = (answers.frameworks ?? []).some(({ name }) => name === "vllm");
  if (release === undefined || answers.lockFile !== undefined || isVllm) return [answers.cuda];
  return [...new Set([answers.cuda, ...release.cuda])].sort(compareVersions).reverse();
}

function variantOf(
  project: Project,
  made: Answers,
  stage: StageName,
  own: Answers,
  choices: Choices,
): Variant {
  const gpu = usesGpu(stage, made);
  const { repository, tag } = imageOf(made, stage);
  const cuda = gpu ? made.cuda : undefined;
  const current = made.python === own.python && (!gpu || made.cuda === own.cuda) && made.torch === own.torch;
  return {
    stage,
    image: `${repository}:${tag}`,
    tag,
    cuda,
    python: made.python,
    torch: made.torch,
    driver: cuda === undefined ? undefined : findToolkit(cuda)?.minimumDriver,
    base: (gpu ? made.bases.gpu : undefined) ?? made.bases.cpu,
    size: expectedSize(packagesOf(project, made, stage), made, stage),
    platforms: platformsOf(made, stage),
    current,
    init: [
      "init",
      "--yes",
      "--target",
      stage,
      "--python",
      made.python,
      ...(cuda === undefined ? [] : ["--cuda", cuda]),
      ...(choices.gpus?.length === 0 ? ["--gpu", "none"] : []),
      ...(choices.manager === undefined ? [] : ["--manager", choices.manager]),
      ...(choices.frameworks === undefined ? [] : ["--framework", choices.frameworks.join(",") || "none"]),
    ],
  };
}
