/** Why something is believed: shown to the user before anything is written. */
export interface Evidence {
  /** Path in the project. */
  readonly file: string;
  /** From 1, where a line says it. */
  readonly line?: number;
  /** Half a sentence: "asks for torch==2.5.1". */
  readonly says: string;
}

/** Something that was found, with the reasons. */
export interface Found<T> {
  readonly value: T;
  readonly because: readonly Evidence[];
}

/** What installs the project's packages. */
export type Manager =
  | "uv"
  | "pip"
  | "pip-tools"
  | "poetry"
  | "pdm"
  | "hatch"
  | "pipenv"
  | "pixi"
  | "conda"
  | "r"
  | "none";

/** A package that the project asks for. */
export interface Requirement {
  /** Lower case with dashes. */
  readonly name: string;
  /** `==2.5.1`, `>=2,<3`, `` where anything goes; exact (`==`) where a lock file says so. */
  readonly version: string;
  readonly extras: readonly string[];
  /** The groups it stands in: `main` for what always is installed, `dev`, `test`, `train`... */
  readonly groups: readonly string[];
  readonly from: Evidence;
}

/** The libraries that decide about CUDA. */
export type FrameworkName =
  | "torch"
  | "tensorflow"
  | "jax"
  | "onnxruntime"
  | "onnxruntime-gpu"
  | "tensorrt"
  | "cupy"
  | "vllm";

/** A framework with what is known of its CUDA. */
export interface Framework {
  readonly name: FrameworkName;
  /** `2.5.1`, as far as it is pinned or locked. */
  readonly version: string | undefined;
  /** Whether the project's own files choose CPU builds (an index, `+cpu`), CUDA builds, or say nothing. */
  readonly build: "cpu" | "cuda" | "open";
  /** `12.4`, where an index or a lock file says so. */
  readonly cuda: string | undefined;
}

/** How the project answers requests. */
export interface Serving {
  readonly kind:
    | "fastapi"
    | "flask"
    | "django"
    | "gradio"
    | "streamlit"
    | "triton"
    | "bentoml"
    | "vllm"
    | "torchserve"
    | "litserve"
    | "other";
  /** `app.main:app`, or the script. */
  readonly target: string | undefined;
  readonly port: number;
  /** A path that answers when it is well, where the code has one: `/health`. */
  readonly health: string | undefined;
}

/** A program of the project. */
export interface EntryPoint {
  readonly purpose: "train" | "serve" | "evaluate" | "main" | "other";
  /** Words of the command, as they run from the project's root: `["python", "-m", "pkg.train"]`. */
  readonly command: readonly string[];
  readonly from: Evidence;
}

/** What a project is, as far as its files tell. */
export interface Project {
  /** Lower case with dashes, for images and services. */
  readonly name: string;
  readonly manager: Found<Manager>;
  /** The file that lists what is wanted: `pyproject.toml`, `requirements.txt`, `environment.yml`, `pixi.toml`, `DESCRIPTION`. */
  readonly manifest: string | undefined;
  /** `uv.lock`, `poetry.lock`... */
  readonly lockFile: string | undefined;
  /** Other requirement files by what they are for: `requirements-dev.txt` is `dev`. */
  readonly requirementFiles: readonly { readonly path: string; readonly group: string }[];
  /** Folders of the members of a workspace. */
  readonly workspace: readonly string[];
  /** `3.12`: the newest that the project, its lock file and its framework allow. */
  readonly python: Found<string>;
  readonly requirements: readonly Requirement[];
  /** Which of the requirements' groups are extras (`[project.optional-dependencies]`), or environments of pixi beside the default one. */
  readonly extras?: readonly string[];
  readonly frameworks: readonly Found<Framework>[];
  readonly serving: Found<Serving> | undefined;
  readonly entryPoints: readonly EntryPoint[];
  /** Folders and files that are the program: `src`, `app`, `pkg`, `main.py`, `configs`. */
  readonly sources: readonly string[];
  /** Whether the project itself, or a member of its workspace, is a package that has to be installed. */
  readonly isPackage: boolean;
  /** The variable that gives the project its version where that comes from git, which the build of an image does not have. */
  readonly versionVariable?: string;
  /** Needs of system libraries by purpose, not by release: `libgl`, `glib`, `ffmpeg`, `sndfile`, `git`, `compiler`, `cuda-compiler`, `libpq`... */
  readonly systemNeeds: readonly Found<string>[];
  readonly notebooks: readonly string[];
  readonly r: boolean;
  readonly dataFolders: readonly string[];
  readonly weightFolders: readonly string[];
  /** Weights that lie in the project, with their bytes. */
  readonly weights: readonly { readonly path: string; readonly size: number }[];
  /** Dockerfile, compose.yaml, .dockerignore, .devcontainer..., where they are there already. */
  readonly containerFiles: readonly string[];
}

/** The project's files, as detectors see them. */
export interface ProjectFiles {
  /** Paths with `/`, .git and environments left out, at most 50,000. */
  readonly list: readonly { readonly path: string; readonly size: number }[];
  has(path: string): boolean;
  /** Text of a file up to 4 MiB; undefined where it is not there or no text. */
  read(path: string): string | undefined;
}

/** One of detectors/: adds what it knows to a draft. */
export type Detector = (files: ProjectFiles, draft: Draft) => void;

/** A project while detectors look at it; a detector may read what those before it found. */
export type Draft = {
  -readonly [Key in keyof Project]: Project[Key] extends readonly (infer One)[] ? One[] : Project[Key];
};
