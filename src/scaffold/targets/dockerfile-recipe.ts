import { appFolder } from "../image-layout.ts";
import type { Answers } from "../answers.ts";
import { type Rewrite, torchIndexOf, type Variant } from "./dockerfile-rewrites.ts";

/** What a stage is for, as far as packages go. */
export type Purpose = "serve" | "train" | "dev";

/** How a manager makes an environment in a build stage. */
export interface Recipe {
  /** Its own image for the build stage; undefined to build on the base that the result runs on. */
  readonly from: string | undefined;
  /** Whom that image runs as, by number; undefined for root. */
  readonly user?: number;
  /** Instructions that bring the tool. */
  readonly tool: readonly string[];
  /** Variables of the build stage. */
  readonly variables: Readonly<Record<string, string>>;
  /** Instructions that install the packages, the project itself left out. */
  packages(purpose: Purpose, variant: Variant): readonly string[];
  /** The folder that the packages are in, at the same path in the image; undefined where there are none. */
  readonly folder: (purpose: Purpose, variant: Variant) => string | undefined;
  /** The commands that install the project alone into an environment of its own, at the same path; undefined where that is not done. */
  readonly project: readonly string[] | undefined;
}

/** Where packages of Python lie. */
export const venv = `${appFolder}/.venv`;

/** A list of requirements that a build makes on its way. */
export const list = "/tmp/requirements.txt";

/** Private indexes: `--secret id=netrc,src=$HOME/.netrc`; nothing happens without. */
export const netrc = "type=secret,id=netrc,target=/root/.netrc";

/** What pip downloaded, kept between builds and in no layer. */
export const pipCache = "type=cache,target=/root/.cache/pip";

/** Makes the environment; pip itself stays outside of it. */
export const newVenv = `python -m venv --without-pip ${venv}`;

/** The environment that this is laid over has these, and perhaps of another base. */
export const withoutPython = `rm -rf ${venv}/pyvenv.cfg ${venv}/bin/python* ${venv}/bin/[aA]ctivate*`;

/**
 * COPY lines for files that keep their place. No bind mounts: Podman 4 takes a RUN from its cache although a file that
 * is mounted into it has changed.
 */
export function bring(paths: readonly string[]): string[] {
  const root = paths.filter((path) => !path.includes("/"));
  const below = paths.filter((path) => path.includes("/"));
  return [
    ...(root.length === 0 ? [] : [`COPY ${[...new Set(root)].join(" ")} ./`]),
    ...below.map((path) => `COPY ${path} ${path}`),
  ];
}

/** Whether anything is to be changed. */
export function rewritten(rewrite: Rewrite): boolean {
  return rewrite.sed.length > 0 || rewrite.torch !== undefined;
}

/** The command that changes lists in place. */
export function sed(programs: readonly string[], files: readonly string[]): string {
  const words = programs.map((program) => `-e '${program}'`);
  // One a line, where they are several.
  return ["sed -E -i", ...words, files.join(" ")].join(words.length > 1 ? " \\\n      " : " ");
}

/** The command that installs what its words say into the environment. */
export function pipInstall(words: readonly string[], rewrite: Rewrite): string {
  // The build with a local version (2.9.1+cpu) wins over PyPI's of the same version.
  const index = rewrite.torch === undefined ? [] : [`--extra-index-url ${torchIndexOf(rewrite.torch)}`];
  return [`pip --python ${venv} install`, ...index, ...words].join(" \\\n      ");
}

/** The extras that a stage is installed with, by what their names say: who works on the project has those of all purposes. */
export function extrasOf({ extras = {} }: Answers, purpose: Purpose, variant: Variant): string[] {
  const purposes: readonly Purpose[] = purpose === "dev" ? ["serve", "train", "dev"] : [purpose];
  const taken = [...purposes.flatMap((one) => extras[one] ?? []), ...(extras[variant] ?? [])];
  return [...new Set(taken)];
}

/** Whether a purpose takes a file of requirements by its group. */
export function isWanted(answers: Answers, purpose: Purpose, group: string): boolean {
  if (purpose === "dev") return true;
  const training = group === "train" || group === "training" || answers.trainGroups.includes(group);
  if (purpose === "train") return training;
  return /^(?:serve|serving|inference|api|prod)$/.test(group);
}
