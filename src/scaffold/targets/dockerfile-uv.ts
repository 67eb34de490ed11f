import type { Answers } from "../answers.ts";
import { toolImages } from "../bases.ts";
import {
  bring,
  extrasOf,
  list,
  netrc,
  type Purpose,
  type Recipe,
  rewritten,
  sed,
  venv,
  withoutPython,
} from "./dockerfile-recipe.ts";
import { rewriteFor, type Variant } from "./dockerfile-rewrites.ts";
import { run, shellWord } from "./dockerfile-text.ts";

/** uv: from its lock file, and for another build of torch from what it exports. */
export function uv(answers: Answers): Recipe {
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
          sed(rewrite.sed, [list]),
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
  const flags = extrasOf(answers, purpose, variant).map((extra) => `--extra ${shellWord(extra)}`);
  if (purpose === "dev") return ["--all-groups", ...flags];
  const groups = answers.trainGroups.map(
    (group) => `${purpose === "train" ? "--group" : "--no-group"} ${shellWord(group)}`,
  );
  return ["--no-dev", ...groups, ...flags];
}
