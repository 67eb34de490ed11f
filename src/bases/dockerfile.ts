import { toolImages } from "../scaffold/bases.ts";
import { netrc } from "../scaffold/targets/dockerfile-recipe.ts";
import { aptInstall, comment, env, run, shellWord } from "../scaffold/targets/dockerfile-text.ts";
import { labelsOf } from "./labels.ts";
import { layerCommands, layerFolder } from "./layers.ts";
import { baseFolder, finishWords, program, runtimesFolder } from "./layout.ts";
import type { BasePlan } from "./plan.ts";
import { type Step, stepsOf } from "./steps.ts";
import { baseTag } from "./tag.ts";

/** What differs between the programs that build. */
export interface DockerfileOptions {
  /** COPY --link: a layer that is the same whatever is below it. Buildah knows it since 1.41; before, it ends the build. */
  readonly link: boolean;
}

/** The stage of Pythons that the system does not have. */
const pythonName = "python";

/** The Dockerfile of a base. The same plan gives the same text. Its build context has the base's program in `bin`. */
export function baseDockerfile(plan: BasePlan, { link }: DockerfileOptions): string {
  const steps = stepsOf(plan);
  const blocks = [
    header(plan),
    systemStage(plan),
    ...pythonStage(plan),
    builderStage(plan),
    ...steps.map(stepStage),
    finalStage(plan, steps, link),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function header(plan: BasePlan): string {
  const { definition } = plan;
  return [
    "# syntax=docker/dockerfile:1",
    "#",
    comment(
      `${definition.name}, one base for everybody's torch: written by \`ddiff base render\` from base.yaml, which is what to change.`,
    ),
    `#   ddiff base build, or: docker build -t ${definition.name}:${baseTag(plan, "YYMMDD")} .`,
    "# A private package index: --secret id=netrc,src=$HOME/.netrc",
    "#",
    "# Ubuntu and Debian drop old versions, so that pins of apt packages break the build after the next update:",
    "# hadolint global ignore=DL3008",
    "# ddiff global ignore=base-without-digest because `docker buildx imagetools` or Renovate sets digests, not a generator",
  ].join("\n");
}

/** What everything else stands on: packages of the system, uv, the user. */
function systemStage(plan: BasePlan): string {
  const { definition, image, release, pythons } = plan;
  const hasSystems = pythons.some(({ isSystems }) => isSystems);
  const packages = [
    "ca-certificates",
    "python3",
    // The headers, for extensions.
    ...(hasSystems ? ["python3-dev"] : []),
    ...definition.system,
    ...(definition.profiler === undefined ? [] : [definition.profiler]),
  ];
  return [
    comment("system is what all of it stands on."),
    `FROM ${image} AS system`,
    env(variablesOf(plan)),
    // Nobody is there to answer questions about time zones; those who build on the base decide for themselves.
    "ARG DEBIAN_FRONTEND=noninteractive",
    aptInstall([...new Set(packages)]),
    ...userOf(plan, release.family === "ubuntu" && Number(release.version) >= 24),
    `COPY --from=${toolImages.uv} /uv /uvx /usr/local/bin/`,
  ].join("\n");
}

function variablesOf({ definition, pythons, image }: BasePlan): Record<string, string> {
  const { capabilities, indexes } = definition;
  return {
    PYTHONUNBUFFERED: "1",
    // Hard links do not reach out of a cache mount, nor from one layer into another.
    UV_LINK_MODE: "copy",
    // What a base has is named: no other Python comes by itself.
    UV_PYTHON_DOWNLOADS: "never",
    ...(pythons.every(({ isSystems }) => isSystems)
      ? {}
      : { UV_PYTHON_INSTALL_DIR: `${baseFolder}/${runtimesFolder}` }),
    ...(indexes.pypi === "https://pypi.org/simple"
      ? {}
      : { UV_DEFAULT_INDEX: indexes.pypi, PIP_INDEX_URL: indexes.pypi }),
    ...(image.includes("-devel-") ? { CUDA_HOME: "/usr/local/cuda" } : {}),
    ...(capabilities.length === 0 ? {} : { TORCH_CUDA_ARCH_LIST: capabilities.join(" ") }),
  };
}

function userOf({ definition: { user } }: BasePlan, hasUbuntu: boolean): string[] {
  if (user === "root") return [];
  const { name, id } = user;
  return [
    comment(
      "Nobody is root by default. Projects lie in /workspace; the base itself is not theirs to write to.",
    ),
    run(
      [],
      [
        // Ubuntu's images have a user 1000 since 24.04.
        ...(hasUbuntu ? ["userdel --remove ubuntu"] : []),
        `groupadd --gid ${id} ${name}`,
        `useradd --uid ${id} --gid ${id} --no-log-init --create-home --shell /bin/bash ${name}`,
        `install -d -o ${id} -g ${id} /workspace`,
      ],
    ),
  ];
}

function builderStage(plan: BasePlan): string {
  return [
    comment("Each part has a stage of its own: so a torch more, or one less, changes no other layer."),
    comment("builder is what they are made on."),
    "FROM system AS builder",
    `COPY bin/ ${baseFolder}/bin/`,
    ...(plan.pythons.every(({ isSystems }) => isSystems)
      ? []
      : [`COPY --from=${pythonName} ${layerFolder(pythonName)}/ /`]),
  ].join("\n");
}

function pythonStage({ pythons }: BasePlan): string[] {
  const versions = pythons.filter(({ isSystems }) => !isSystems).map(({ version }) => version);
  if (versions.length === 0) return [];
  return [
    [
      comment(`${pythonName} has those that the system does not have itself.`),
      `FROM system AS ${pythonName}`,
      run(
        [],
        [
          `UV_PYTHON_DOWNLOADS=manual uv python install --no-cache --no-bin ${versions.join(" ")}`,
          ...layerCommands(pythonName, runtimesFolder),
        ],
      ),
    ].join("\n"),
  ];
}

function stepStage({ name, about, words, makes, needs }: Step): string {
  const mounts = needs.map(({ step, folder }) => {
    const path = `${baseFolder}/${folder}`;
    return `type=bind,from=${step},source=${layerFolder(step)}${path},target=${path}`;
  });
  return [
    comment(`${name} has ${about}.`),
    `FROM builder AS ${name}`,
    run(
      ["type=cache,target=/root/.cache/uv", netrc, ...mounts],
      [`python3 ${baseFolder}/${program} ${words.map(shellWord).join(" ")}`, ...layerCommands(name, makes)],
    ),
  ].join("\n");
}

function finalStage(plan: BasePlan, steps: readonly Step[], link: boolean): string {
  const { definition, pythons } = plan;
  const copy = link ? "COPY --link" : "COPY";
  const parts = [
    ...(pythons.every(({ isSystems }) => isSystems) ? [] : [{ name: pythonName, makes: runtimesFolder }]),
    ...steps,
  ].map(({ name, makes }) => {
    // Buildah gives the folders above a part their date by itself, and tells in the image's history where it copied to, but not from.
    const path = link ? "/" : `${baseFolder}/${makes}`;
    return `${copy} --from=${name} ${layerFolder(name)}${path} ${path}`;
  });
  const labels = Object.entries(labelsOf(plan)).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const { user } = definition;
  return [
    comment("base is what people build on. What changes most seldom lies lowest."),
    "FROM system AS base",
    ...parts,
    `${copy} --from=builder ${baseFolder}/bin ${baseFolder}/bin`,
    // It asks uv for Pythons, and what uv remembers is not the base's.
    run(
      ["type=cache,target=/root/.cache/uv"],
      [`python3 ${baseFolder}/${program} ${finishWords("/usr/local/bin").join(" ")}`],
    ),
    `LABEL ${labels.join(" \\\n      ")}`,
    "WORKDIR /workspace",
    ...(user === "root"
      ? [
          "# ddiff ignore=root-user,missing-user because base.yaml asks for it: what stands on this base says its own user",
          "USER 0",
        ]
      : [`USER ${user.id}:${user.id}`]),
    "HEALTHCHECK NONE",
    'CMD ["bash"]',
  ].join("\n");
}
