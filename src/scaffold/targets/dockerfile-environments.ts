import { appFolder } from "../image-layout.ts";
import type { Answers } from "../answers.ts";
import { toolImages } from "../bases.ts";
import { bring, isWanted, type Purpose, type Recipe, sed } from "./dockerfile-recipe.ts";
import { environmentRewrites, torchIndexOf, type Variant } from "./dockerfile-rewrites.ts";
import { comment, copies, run, shellWord } from "./dockerfile-text.ts";

/** pixi: an environment at the path where the image has it. */
export function pixi(answers: Answers): Recipe {
  const manifest = answers.manifest ?? "pixi.toml";
  const environment = (purpose: Purpose, variant: Variant) =>
    answers.extras?.[purpose]?.[0] ?? answers.extras?.[variant]?.[0] ?? "default";
  return {
    from: toolImages.pixi,
    tool: [],
    variables: {},
    packages(purpose, variant) {
      const name = environment(purpose, variant);
      const chosen = name === "default" ? "" : ` -e ${shellWord(name)}`;
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
          [`${cuda}pixi install${locked}${chosen}${skip}`],
        ),
      ];
    },
    folder: (purpose, variant) => `${appFolder}/.pixi/envs/${environment(purpose, variant)}`,
    project: undefined,
  };
}

/** The user of micromamba's image. */
const mambaUser = 57439;
const mambaOwner = `uid=${mambaUser},gid=${mambaUser}`;

/** conda, by micromamba. */
export function conda(answers: Answers): Recipe {
  const manifest = answers.manifest ?? "environment.yml";
  const { lockFile } = answers;
  return {
    from: toolImages.micromamba,
    user: mambaUser,
    tool: [],
    variables: {},
    packages(purpose, variant) {
      const cuda =
        variant === "gpu" && answers.cuda !== undefined ? `CONDA_OVERRIDE_CUDA=${answers.cuda} ` : "";
      const other = (answers.requirementFiles ?? []).find(
        ({ path, group }) => /\.ya?ml$/.test(path) && path !== manifest && isWanted(answers, purpose, group),
      );
      const file = lockFile ?? other?.path ?? manifest;
      const changes = lockFile === undefined ? environmentRewrites(answers, variant) : [];
      // The folder cannot be written to, and an environment file may name others beside it.
      const copy = changes.length === 0 ? "" : "/tmp/environment/";
      const torch = (answers.frameworks ?? []).some((one) => one.name === "torch" && one.build !== "cpu");
      const index = variant === "cpu" && torch ? `PIP_EXTRA_INDEX_URL=${torchIndexOf("cpu")} ` : "";
      // An environment file may name a requirements file for pip.
      const beside = (answers.requirementFiles ?? [])
        .map(({ path }) => path)
        .filter((path) => path.endsWith(".txt") && path !== file);
      return [
        ...bring([file, ...beside]),
        run(
          [
            `type=cache,target=/opt/conda/pkgs,sharing=locked,${mambaOwner}`,
            // For what the file wants of pip.
            `type=cache,target=/var/cache/pip,${mambaOwner}`,
          ],
          [
            ...(copy === "" ? [] : [`cp -r . ${copy}`, sed(changes, [copy + file])]),
            `${cuda}${index}PIP_CACHE_DIR=/var/cache/pip micromamba create -y --always-copy -p /opt/conda/envs/app -f ${copy}${file}`,
          ],
        ),
      ];
    },
    folder: () => "/opt/conda/envs/app",
    project: undefined,
  };
}

/** R: renv, a DESCRIPTION, a script that installs, or what the source loads. */
export function r(answers: Answers): Recipe {
  const { manifest, lockFile } = answers;
  const files = [manifest, lockFile].filter((path) => path !== undefined);
  return {
    from: undefined,
    tool: [],
    // Links would lead into a cache that is not in the image.
    variables: lockFile === undefined ? {} : { RENV_CONFIG_CACHE_SYMLINKS: "FALSE" },
    packages: () => [
      ...(files.length > 0
        ? bring(files)
        : [
            comment(
              "No file lists the packages, so renv looks for them in the source: with a DESCRIPTION this layer would stay when the source changes.",
            ),
            ...copies(answers.sources),
          ]),
      comment("R only warns of a package that it cannot install; here that is an error."),
      run(
        ["type=cache,target=/root/.cache/R"],
        [`mkdir -p ${library}`, ["Rscript", ...installation(answers)].join(" \\\n      ")],
      ),
    ],
    folder: () => library,
    project: undefined,
  };
}

const library = "/opt/library";

/** Expressions of R that install what a project asks for. What installs them stays in the build stage. */
function installation({ manifest, lockFile, serve = [], train = [] }: Answers): string[] {
  if (lockFile !== undefined) {
    return [
      installer("renv"),
      `-e 'renv::restore(lockfile = "${lockFile}", library = "${library}", prompt = FALSE)'`,
    ];
  }
  if (manifest === undefined) {
    // A file of plumber need not name it, but its command does.
    const named = [...serve, ...train].flatMap((word) => /\b([A-Za-z][\w.]*)::/.exec(word)?.[1] ?? []);
    const commands = [...new Set(named)].map((name) => `"${name}", `).join("");
    return [
      installer("renv"),
      `-e 'used <- c(${commands}renv::dependencies(quiet = TRUE)[["Package"]])'`,
      "-e 'wanted <- setdiff(used, rownames(installed.packages()))'",
      `-e 'install.packages(wanted, lib = "${library}")'`,
      `-e 'stopifnot(wanted %in% rownames(installed.packages("${library}")))'`,
    ];
  }
  if (manifest.toLowerCase().endsWith(".r")) {
    const fails = 'if (grepl("not available|exit status", conditionMessage(w))) stop(w)';
    return [`-e 'withCallingHandlers(source("${manifest}"), warning = function(w) ${fails})'`];
  }
  return [
    installer("remotes"),
    `-e 'remotes::install_deps(lib = "${library}", upgrade = "never")'`,
    `-e 'stopifnot(!anyNA(remotes::dev_package_deps()$installed))'`,
  ];
}

function installer(name: string): string {
  return `-e 'install.packages("${name}", lib = .Library.site[1])'`;
}
