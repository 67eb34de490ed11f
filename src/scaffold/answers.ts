import type { EntryPoint, Framework, Manager, Project, Serving } from "./project.ts";

/** What can be written. */
export type TargetName = "dockerfile" | "compose" | "ignore" | "kubernetes" | "ci" | "devcontainer";

/** The stages of the Dockerfile that are wanted. */
export type StageName = "train-gpu" | "train-cpu" | "serve-gpu" | "serve-cpu" | "dev";

/** Everything that decides what is written: what was found, unless somebody said otherwise. Kept in ddiff.yaml. */
export interface Answers {
  readonly name: string;
  readonly manager: Manager;
  readonly manifest: string | undefined;
  readonly lockFile: string | undefined;
  /** `3.12`. */
  readonly python: string;
  readonly stages: readonly StageName[];
  readonly only: readonly TargetName[];
  /** Names as `ddiff catalog gpu` knows them; empty for CPU only. */
  readonly gpus: readonly string[];
  /** `550`. */
  readonly driver: string | undefined;
  /** `12.8`; undefined for CPU only. */
  readonly cuda: string | undefined;
  /** `2.9.1`, of torch, where the project has it. */
  readonly torch: string | undefined;
  /** `ghcr.io/lab`; undefined for the local engine. */
  readonly registry: string | undefined;
  /** Pinned bases, from the catalogue. */
  readonly bases: {
    readonly cpu: string;
    readonly gpu: string | undefined;
    readonly compiler: string | undefined;
  };
  /** Needs by purpose, as Project has them: the release of the base decides the packages. */
  readonly systemNeeds: readonly string[];
  /** Packages of Debian that somebody asked for besides. None where left out. */
  readonly systemPackages?: readonly string[];
  readonly train: EntryPoint["command"] | undefined;
  readonly serve: EntryPoint["command"] | undefined;
  readonly port: number | undefined;
  readonly health: string | undefined;
  readonly weights: "volume" | "download" | "bake";
  readonly weightFolder: string | undefined;
  readonly dataFolders: readonly string[];
  readonly sources: readonly string[];
  readonly isPackage: boolean;
  /** Groups of packages that serving does without. */
  readonly trainGroups: readonly string[];
  /** As Project has them: they decide about indexes, CUDA libraries and engines. None where left out. */
  readonly frameworks?: readonly Framework[];
  /** As Project has them. None where left out. */
  readonly requirementFiles?: Project["requirementFiles"];
  /** As Project has them. None where left out. */
  readonly workspace?: readonly string[];
  readonly serving?: Serving["kind"] | undefined;
  /** Extras (optional dependencies) of pyproject.toml by when they are wanted; for pixi, one environment each. None where left out. */
  readonly extras?: Readonly<Partial<Record<"serve" | "train" | "dev" | "cpu" | "gpu", readonly string[]>>>;
  /** What notebooks are opened with, where the project has some and the packages for it. */
  readonly jupyter?: "lab" | "notebook";
  /** What training is followed with: each writes where its variable says. None where left out. */
  readonly trackers?: readonly ("wandb" | "mlflow")[];
  /** As Project has it. */
  readonly versionVariable?: string;
}

/** A file that is to be written. */
export interface OutputFile {
  /** In the project. */
  readonly path: string;
  readonly text: string;
  /** Whether it must be executable. */
  readonly executable?: true;
}

/** One of targets/: what it writes for these answers, formatted, without findings of our own lint at the strictest profile. */
export type Target = (answers: Answers) => readonly OutputFile[];
