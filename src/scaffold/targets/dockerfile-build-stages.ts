import { findGpu } from "../../catalog/gpus.ts";
import { compareVersions } from "../../catalog/versions.ts";
import type { Answers, StageName } from "../answers.ts";
import { appFolder } from "../image-layout.ts";
import { systemPackages } from "../system-packages.ts";
import { baseOf, installsProject, type Plan } from "./dockerfile-plan.ts";
import type { Recipe } from "./dockerfile-recipe.ts";
import type { Variant } from "./dockerfile-rewrites.ts";
import { aptInstall, comment, env, run } from "./dockerfile-text.ts";

/** The stages that are thrown away: one builder for each base, one stage for each different set of packages. */
export function buildStages(plan: Plan): string[] {
  const { recipe, stages } = plan;
  if (recipe === undefined) return [];
  const sets = packageSets(plan);
  return [
    ...builderStages(
      plan,
      recipe,
      sets.map(({ variant }) => variant),
    ),
    ...sets.map(({ name, variant, text }) => `FROM ${builderOf(plan, variant)} AS ${name}\n${text}`),
    ...(installsProject(plan) && stages.some(({ purpose }) => purpose !== "dev")
      ? [projectStage(plan, recipe.project ?? [])]
      : []),
  ];
}

/** The stage that packages of a variant are installed in: the base itself where nothing has to be added to it. */
function builderOf(plan: Plan, variant: Variant): string {
  const { answers, recipe } = plan;
  if (recipe?.from !== undefined) return "builder";
  if (recipe === undefined || builderLines(plan, recipe, variant).length === 0) return baseOf(plan, variant);
  const own = variant === "gpu" && (plan.gpuBase !== undefined || answers.bases.compiler !== undefined);
  return own ? "builder-gpu" : "builder";
}

function builderStages(plan: Plan, recipe: Recipe, variants: readonly Variant[]): string[] {
  const texts = variants.map((variant) => {
    const name = builderOf(plan, variant);
    if (!name.startsWith("builder")) return undefined;
    return [
      comment(`${name} installs packages; nothing of it but the result goes on.`),
      `FROM ${recipe.from ?? baseOf(plan, variant)} AS ${name}`,
      ...builderLines(plan, recipe, variant),
    ].join("\n");
  });
  return [...new Set(texts.filter((text) => text !== undefined))];
}

/** What a build stage has more than its base. */
function builderLines({ answers, gpuBase }: Plan, recipe: Recipe, variant: Variant): string[] {
  if (recipe.from !== undefined) {
    const { build } = systemPackages(answers.systemNeeds, recipe.from);
    const install = build.length === 0 ? [] : [aptInstall(build)];
    const { user } = recipe;
    const asRoot =
      user === undefined || install.length === 0 ? install : ["USER 0", ...install, `USER ${user}`];
    return [...asRoot, `WORKDIR ${appFolder}`];
  }
  const { compiler, cpu } = answers.bases;
  const { build } = systemPackages(answers.systemNeeds, (variant === "gpu" ? gpuBase : undefined) ?? cpu);
  const toolkit =
    variant === "cpu" || compiler === undefined
      ? []
      : [
          comment("nvcc and CUDA's headers, for the extensions."),
          `COPY --from=${compiler} /usr/local/cuda-${answers.cuda ?? ""} /usr/local/cuda`,
          env({
            CUDA_HOME: "/usr/local/cuda",
            TORCH_CUDA_ARCH_LIST: archList(answers),
            PATH: "/usr/local/cuda/bin:$PATH",
          }),
        ];
  return [
    ...(build.length > 0 ? [aptInstall(build)] : []),
    ...toolkit,
    ...(Object.keys(recipe.variables).length === 0 ? [] : [env(recipe.variables)]),
    ...recipe.tool,
  ];
}

/** One stage of packages and the final stages that take it. */
export interface PackageSet {
  readonly name: string;
  readonly variant: Variant;
  readonly text: string;
  readonly stages: readonly StageName[];
}

/** Final stages with the same instructions share a stage. */
export function packageSets(plan: Plan): PackageSet[] {
  const { recipe } = plan;
  const sets: (PackageSet & { stages: StageName[] })[] = [];
  if (recipe === undefined) return sets;
  for (const stage of plan.stages) {
    const text = recipe.packages(stage.purpose, stage.variant).join("\n");
    const builder = builderOf(plan, stage.variant);
    const same = sets.find((one) => one.text === text && builderOf(plan, one.variant) === builder);
    if (same === undefined) sets.push({ name: "", variant: stage.variant, text, stages: [stage.name] });
    else same.stages.push(stage.name);
  }
  return sets.map((one) => ({ ...one, name: sets.length === 1 ? "packages" : `packages-${nameOf(one)}` }));
}

/** A set is named by the one stage that has it, or by what the stages have in common. */
function nameOf({ stages, variant }: PackageSet): string {
  const own = stages.filter((one) => one !== "dev");
  const [first = "dev", second] = own;
  if (second === undefined) return first;
  return own.every((one) => one.startsWith("serve"))
    ? "serve"
    : own.every((one) => one.startsWith("train"))
      ? "train"
      : variant;
}

/** The project itself, installed apart, so that a change of the source leaves the packages' layer alone. */
function projectStage(plan: Plan, commands: readonly string[]): string {
  const variant = plan.stages.at(-1)?.variant ?? "cpu";
  const cache =
    plan.answers.manager === "uv"
      ? "type=cache,target=/root/.cache/uv"
      : "type=cache,target=/root/.cache/pip";
  const { versionVariable } = plan.answers;
  return [
    comment("project is built apart from its packages: a change of the source leaves their big layer alone."),
    `FROM ${builderOf(plan, variant)} AS project`,
    ...(versionVariable === undefined
      ? []
      : [
          comment("VERSION comes from git, which is not here: --build-arg VERSION=1.2.3."),
          "ARG VERSION=0.0.0",
          `ENV ${versionVariable}=$VERSION`,
        ]),
    "COPY . .",
    run([cache, "type=secret,id=netrc,target=/root/.netrc"], commands),
  ].join("\n");
}

/** Architectures that the extensions are compiled for: of the GPUs that were named, else of those that most people have. */
function archList({ gpus }: Answers): string {
  const capabilities = gpus.map((name) => findGpu(name)?.capability).filter((one) => one !== undefined);
  return capabilities.length === 0
    ? "8.0;8.6;8.9;9.0+PTX"
    : [...new Set(capabilities)].sort(compareVersions).join(";");
}
