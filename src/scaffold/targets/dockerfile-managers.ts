import { appFolder } from "../image-layout.ts";
import type { Answers } from "../answers.ts";
import { toolImages } from "../bases.ts";
import { type Rewrite, rewriteFor, torchIndexOf, type Variant } from "./dockerfile-rewrites.ts";
import { run, shellWord } from "./dockerfile-text.ts";

/** What a stage is for, as far as packages go. */
export type Purpose = "serve" | "train" | "dev";

/** How a manager makes an environment in a build stage. */
export interface Recipe {
  /** Its own image for the build stage; undefined to build on the base that the result runs on. */
  readonly from: string | undefined;
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

const venv = `${appFolder}/.venv`;
const list = "/tmp/requirements.txt";

/** Versions of managers that come from PyPI. */
const versions = {
  poetry: "2.5.1",
  "poetry-plugin-export": "1.10.1",
  pdm: "2.29.4",
  pipenv: "2026.10.3",
  hatch: "1.18.2",
};

/** Private indexes: `--secret id=netrc,src=$HOME/.netrc`; nothing happens without. */
const netrc = "type=secret,id=netrc,target=/root/.netrc";

/** How this project's packages are installed; undefined where it has none. */
export function recipeOf(answers: Answers): Recipe | undefined {
  switch (answers.manager) {
    case "uv":
      return uv(answers);
    case "pip":
    case "pip-tools":
      return pip(answers);
    case "poetry":
    case "pdm":
    case "pipenv":
    case "hatch":
      return exporter(answers, answers.manager);
    case "pixi":
      return pixi(answers);
    case "conda":
      return conda(answers);
    case "r":
      return r(answers);
    case "none":
      return undefined;
  }
}

/** Whether packages lie in a virtual environment of Python. */
export function hasVenv({ manager }: Answers): boolean {
  return manager !== "none" && manager !== "r" && manager !== "pixi" && manager !== "conda";
}

/**
 * COPY lines for files that keep their place. No bind mounts: Podman up to 5 takes a RUN from its cache although a file that
 * is mounted into it has changed.
 */
function bring(paths: readonly string[]): string[] {
  const root = paths.filter((path) => !path.includes("/"));
  const below = paths.filter((path) => path.includes("/"));
  return [
    ...(root.length === 0 ? [] : [`COPY ${[...new Set(root)].join(" ")} ./`]),
    ...below.map((path) => `COPY ${path} ${path}`),
  ];
}

function uv(answers: Answers): Recipe {
  const manifest = answers.manifest ?? "pyproject.toml";
  const cache = "type=cache,target=/root/.cache/uv";
  const locked = answers.lockFile !== undefined;
  const members = (answers.workspace ?? []).map((folder) => `${folder}/pyproject.toml`);
  const mounts = [cache, netrc];
  const files = bring([manifest, ...(locked ? [answers.lockFile ?? ""] : []), ...members]);
  const whole = members.length > 0 ? "--no-install-workspace" : "--no-install-project";
  return {
    from: undefined,
    tool: [`COPY --from=${toolImages.uv} /uv /usr/local/bin/`],
    variables: {
      // Hard links do not reach out of a cache mount.
      UV_LINK_MODE: "copy",
      UV_COMPILE_BYTECODE: "1",
      UV_PYTHON_DOWNLOADS: "never",
    },
    packages(purpose, variant) {
      const rewrite = rewriteFor(answers, variant);
      const chosen = groupsOf(answers, purpose, variant);
      if (!rewritten(rewrite)) {
        return [
          ...files,
          run(mounts, [["uv sync", locked ? "--locked" : "", whole, ...chosen].filter(Boolean).join(" ")]),
        ];
      }
      const wanted = [
        "uv export",
        locked ? "--locked" : "",
        members.length > 0 ? "--no-emit-workspace" : "--no-emit-project",
      ];
      const torch = rewrite.torch === undefined ? [] : [`--torch-backend ${rewrite.torch}`];
      return [
        ...files,
        run(mounts, [
          [...wanted, "--no-hashes", "--no-annotate --no-header -q", ...chosen, `-o ${list}`]
            .filter(Boolean)
            .join(" "),
          sed(rewrite, list, "-i"),
          `uv venv ${venv}`,
          ["uv pip install --no-deps", ...torch, `-r ${list}`].join(" "),
        ]),
      ];
    },
    folder: () => venv,
    project: [
      `uv venv ${venv}`,
      ...(members.length > 0
        ? ["uv build --all-packages --wheel --out-dir /dist", "uv pip install --no-deps /dist/*.whl"]
        : ["uv pip install --no-deps ."]),
      withoutPython,
    ],
  };
}

function groupsOf(answers: Answers, purpose: Purpose, variant: Variant): string[] {
  const { extras = {}, trainGroups } = answers;
  const taken = [
    ...(extras[purpose] ?? []),
    ...(purpose === "dev" ? (extras.train ?? []) : []),
    ...(extras[variant] ?? []),
  ];
  const flags = [...new Set(taken)].map((extra) => `--extra ${shellWord(extra)}`);
  if (purpose === "dev") return ["--all-groups", ...flags];
  const groups = trainGroups.map(
    (group) => `${purpose === "train" ? "--group" : "--no-group"} ${shellWord(group)}`,
  );
  return ["--no-dev", ...groups, ...flags];
}

function rewritten(rewrite: Rewrite): boolean {
  return rewrite.sed.length > 0 || rewrite.torch !== undefined;
}

function sed(rewrite: Rewrite, file: string, how: string): string {
  const programs = rewrite.sed.map((program) => `-e '${program}'`).join(" ");
  return how === "-i" ? `sed -E -i ${programs} ${file}` : `sed -E ${programs} ${file} > ${how}`;
}

/** The environment that this is laid over has these, and perhaps of another base. */
const withoutPython = `rm -rf ${venv}/pyvenv.cfg ${venv}/bin/python* ${venv}/bin/[aA]ctivate*`;
const pipCache = "type=cache,target=/root/.cache/pip";
const newVenv = `python -m venv --without-pip ${venv}`;

function pipInstall(words: readonly string[], rewrite: Rewrite): string {
  // The build with a local version (2.9.1+cpu) wins over PyPI's of the same version.
  const index = rewrite.torch === undefined ? [] : [`--extra-index-url ${torchIndexOf(rewrite.torch)}`];
  return [`pip --python ${venv} install`, ...index, ...words].join(" \\\n      ");
}

function pip(answers: Answers): Recipe {
  const manifest = answers.manifest ?? "requirements.txt";
  const base = {
    from: undefined,
    tool: [],
    variables: {},
    folder: () => venv,
    project: [newVenv, `pip --python ${venv} install --no-deps .`, withoutPython],
  };
  if (!manifest.endsWith(".txt") && !manifest.endsWith(".in")) return { ...base, packages: listed(answers) };
  const main = answers.manager === "pip-tools" ? (answers.lockFile ?? manifest) : manifest;
  const files = answers.requirementFiles ?? [];
  return {
    ...base,
    packages(purpose, variant) {
      const rewrite = rewriteFor(answers, variant);
      const others = files
        .filter(({ path, group }) => path !== main && isWanted(answers, purpose, group))
        .map(({ path }) => path);
      // A file may name another with -r, so all of them are there.
      const all = [...new Set([main, ...files.map(({ path }) => path)])];
      const mounts = [pipCache, netrc];
      const isLocked = main === answers.lockFile;
      const edits =
        isLocked || rewrite.sed.some((one) => !one.startsWith("/^(nvidia-") && !one.startsWith("s/\\+"));
      const torchIsCuda =
        answers.frameworks?.some((one) => one.name === "torch" && one.build !== "open") ?? false;
      if (rewritten(rewrite) && (edits || torchIsCuda)) {
        const programs = { ...rewrite, sed: [...rewrite.sed, "/^--(extra-)?index-url/d"] };
        const wanted = [main, ...others];
        return [
          ...bring(all),
          run(mounts, [newVenv, sed(programs, wanted.join(" "), list), pipInstall([`-r ${list}`], rewrite)]),
        ];
      }
      const words = [main, ...others].map((path) => `-r ${path}`);
      return [...bring(all), run(mounts, [newVenv, pipInstall(words, rewrite)])];
    },
  };
}

function isWanted(answers: Answers, purpose: Purpose, group: string): boolean {
  if (purpose === "dev") return true;
  const training = group === "train" || group === "training" || answers.trainGroups.includes(group);
  if (purpose === "train") return training;
  return /^(?:serve|serving|inference|api|prod)$/.test(group);
}

/** pip with a pyproject.toml: its dependencies alone, so that a change of the source does not install them again. */
function listed(answers: Answers): Recipe["packages"] {
  const manifest = answers.manifest ?? "pyproject.toml";
  return (purpose, variant) => {
    const rewrite = rewriteFor(answers, variant);
    const mounts = [pipCache, netrc];
    if (manifest !== "pyproject.toml") {
      // setup.py says what it needs only when it runs.
      return ["COPY . .", run([pipCache, netrc], [newVenv, pipInstall(["."], rewrite)])];
    }
    const { extras = {}, trainGroups } = answers;
    const chosen =
      purpose === "serve"
        ? (extras.serve ?? [])
        : [...(extras.train ?? []), ...(purpose === "dev" ? (extras.dev ?? []) : [])];
    const more = [...new Set([...chosen, ...(extras[variant] ?? [])])].map(
      (one) => `, *project["optional-dependencies"]["${one}"]`,
    );
    // A group may include others by a table; those have names of their own.
    const groups =
      purpose === "serve" || trainGroups.length === 0
        ? ""
        : `, *[one for name in ${JSON.stringify(trainGroups)} for one in data["dependency-groups"][name] if isinstance(one, str)]`;
    const library = /^3\.(?:[89]|10)$/.test(answers.python)
      ? "from pip._vendor import tomli as tomllib"
      : "import tomllib";
    const script = `${library}; data = tomllib.load(open("pyproject.toml", "rb")); project = data["project"]; print(*project["dependencies"]${more.join("")}${groups}, sep="\\n")`;
    return [
      ...bring([manifest]),
      run(mounts, [
        `python -c '${script}' > ${list}`,
        ...(rewrite.sed.length > 0 ? [sed(rewrite, list, "-i")] : []),
        newVenv,
        pipInstall([`-r ${list}`], rewrite),
      ]),
    ];
  };
}

function exporter(answers: Answers, manager: "poetry" | "pdm" | "pipenv" | "hatch"): Recipe {
  const home = `/opt/${manager}`;
  const program = `${home}/bin/${manager}`;
  const manifest = answers.manifest ?? (manager === "pipenv" ? "Pipfile" : "pyproject.toml");
  const packages = [`${manager}==${versions[manager]}`];
  if (manager === "poetry") packages.push(`poetry-plugin-export==${versions["poetry-plugin-export"]}`);
  return {
    from: undefined,
    tool: [
      run(
        [pipCache, netrc],
        [`python -m venv --without-pip ${home}`, `pip --python ${home} install ${packages.join(" ")}`],
      ),
    ],
    variables: {},
    packages(purpose, variant) {
      const rewrite = rewriteFor(answers, variant);
      const { lockFile } = answers;
      const mounts = [pipCache, netrc];
      // What a lock file lists is complete; hashes would not fit another build of torch.
      const words = [...(lockFile === undefined ? [] : ["--no-deps"]), `-r ${list}`];
      return [
        ...bring([manifest, ...(lockFile === undefined ? [] : [lockFile])]),
        run(mounts, [
          exportCommand(answers, manager, program, purpose, variant, rewritten(rewrite)),
          ...(rewrite.sed.length > 0 ? [sed(rewrite, list, "-i")] : []),
          newVenv,
          pipInstall(words, rewrite),
        ]),
      ];
    },
    folder: () => venv,
    project: [newVenv, `pip --python ${venv} install --no-deps .`, withoutPython],
  };
}

/** The command that writes what a purpose needs as requirements. */
function exportCommand(
  { trainGroups, extras = {} }: Answers,
  manager: "poetry" | "pdm" | "pipenv" | "hatch",
  program: string,
  purpose: Purpose,
  variant: Variant,
  plain: boolean,
): string {
  const groups = purpose === "serve" ? [] : trainGroups;
  const taken = [...new Set([...(extras[purpose] ?? []), ...(extras[variant] ?? [])])];
  switch (manager) {
    case "poetry": {
      const which = purpose === "dev" ? ["--all-groups"] : [`--only ${["main", ...groups].join(",")}`];
      const more = taken.map((extra) => `--extras ${shellWord(extra)}`);
      return [`${program} export`, ...which, ...more, plain ? "--without-hashes" : "", `-o ${list}`]
        .filter(Boolean)
        .join(" ");
    }
    case "pdm": {
      const which =
        purpose === "dev"
          ? ["-G :all"]
          : ["--prod", ...[...groups, ...taken].map((group) => `-G ${shellWord(group)}`)];
      return [`${program} export --no-self`, ...which, plain ? "--without-hashes" : "", `-o ${list}`]
        .filter(Boolean)
        .join(" ");
    }
    case "pipenv": {
      const which =
        purpose === "dev"
          ? ["--dev"]
          : groups.length > 0
            ? [`--categories packages,${groups.join(",")}`]
            : [];
      return [`${program} requirements`, ...which, ...(plain ? [] : ["--hash"]), `> ${list}`].join(" ");
    }
    case "hatch": {
      const more = [...groups, ...taken].map((one) => `-f ${shellWord(one)}`);
      return [
        `${program} dep show requirements`,
        ...(purpose === "dev" ? ["--all"] : ["--project-only"]),
        ...more,
        `> ${list}`,
      ].join(" ");
    }
  }
}

function pixi(answers: Answers): Recipe {
  const manifest = answers.manifest ?? "pixi.toml";
  const environment = (purpose: Purpose, variant: Variant) =>
    answers.extras?.[purpose]?.[0] ?? answers.extras?.[variant]?.[0] ?? "default";
  return {
    from: toolImages.pixi,
    tool: [],
    variables: {},
    packages(purpose, variant) {
      const name = shellWord(environment(purpose, variant));
      const files = [manifest, ...(answers.lockFile === undefined ? [] : [answers.lockFile])];
      const locked = answers.lockFile === undefined ? "" : " --locked";
      // The project itself is left out: its source comes last.
      const skip = answers.isPackage ? ` --skip ${shellWord(answers.name)}` : "";
      // No GPU is there during a build, so pixi has to be told.
      const cuda =
        variant === "gpu" && answers.cuda !== undefined ? `CONDA_OVERRIDE_CUDA=${answers.cuda} ` : "";
      return [
        ...bring(files),
        run(
          ["type=cache,target=/root/.cache/rattler,sharing=locked"],
          [`${cuda}pixi install${locked} -e ${name}${skip}`],
        ),
      ];
    },
    folder: (purpose, variant) => `${appFolder}/.pixi/envs/${environment(purpose, variant)}`,
    project: undefined,
  };
}

function conda(answers: Answers): Recipe {
  const manifest = answers.manifest ?? "environment.yml";
  const { lockFile } = answers;
  return {
    from: toolImages.micromamba,
    tool: [],
    variables: {},
    packages(purpose, variant) {
      const cuda =
        variant === "gpu" && answers.cuda !== undefined ? `CONDA_OVERRIDE_CUDA=${answers.cuda} ` : "";
      const other = (answers.requirementFiles ?? []).find(
        ({ path, group }) => /\.ya?ml$/.test(path) && path !== manifest && isWanted(answers, purpose, group),
      );
      const file = lockFile ?? other?.path ?? manifest;
      // An environment file may name a requirements file for pip.
      const beside = (answers.requirementFiles ?? [])
        .map(({ path }) => path)
        .filter((path) => path.endsWith(".txt") && path !== file);
      return [
        ...bring([file, ...beside]),
        run(
          ["type=cache,target=/opt/conda/pkgs,sharing=locked,uid=57439,gid=57439"],
          [`${cuda}micromamba create -y --always-copy -p /opt/conda/envs/app -f ${file}`],
        ),
      ];
    },
    folder: () => "/opt/conda/envs/app",
    project: undefined,
  };
}

function r(answers: Answers): Recipe {
  const manifest = answers.manifest ?? "DESCRIPTION";
  const files = [manifest, ...(answers.lockFile === undefined ? [] : [answers.lockFile])];
  const restore =
    answers.lockFile !== undefined
      ? `Rscript -e 'install.packages("renv")' -e 'renv::restore(lockfile = "${answers.lockFile}", library = "/opt/library", prompt = FALSE)'`
      : manifest.toLowerCase().endsWith(".r")
        ? `Rscript ${manifest}`
        : `Rscript -e 'install.packages("remotes")' -e 'remotes::install_deps(lib = "/opt/library", upgrade = "never")'`;
  return {
    from: undefined,
    tool: [],
    variables: { R_LIBS: "/opt/library" },
    packages: () => [
      ...bring(files),
      run(["type=cache,target=/root/.cache/R"], ["mkdir -p /opt/library", restore]),
    ],
    folder: () => "/opt/library",
    project: undefined,
  };
}
