import type { Answers } from "../answers.ts";
import {
  bring,
  extrasOf,
  list,
  netrc,
  newVenv,
  pipCache,
  pipInstall,
  type Purpose,
  type Recipe,
  rewritten,
  sed,
  venv,
  withoutPython,
} from "./dockerfile-recipe.ts";
import { rewriteFor, type Variant } from "./dockerfile-rewrites.ts";
import { run, shellWord } from "./dockerfile-text.ts";

/** Versions of managers that come from PyPI. */
const versions = {
  poetry: "2.5.1",
  "poetry-plugin-export": "1.10.1",
  pdm: "2.29.3",
  pipenv: "2026.10.3",
  hatch: "1.18.2",
};

/** Managers that write what they locked as requirements for pip: so all of them take another build of torch the same way. */
export function exporter(answers: Answers, manager: "poetry" | "pdm" | "pipenv" | "hatch"): Recipe {
  const home = `/opt/${manager}`;
  const program = `${home}/bin/${manager}`;
  const manifest = answers.manifest ?? (manager === "pipenv" ? "Pipfile" : "pyproject.toml");
  // Packages that pdm needs have had releases that it does not run with: its extra names those that it was tested with.
  const packages = [`${manager}${manager === "pdm" ? "[locked]" : ""}==${versions[manager]}`];
  if (manager === "poetry") packages.push(`poetry-plugin-export==${versions["poetry-plugin-export"]}`);
  return {
    from: undefined,
    tool: [
      run(
        [pipCache, netrc],
        [
          `python -m venv --without-pip ${home}`,
          `pip --python ${home} install ${packages.map(shellWord).join(" ")}`,
        ],
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
          ...(rewrite.sed.length > 0 ? [sed(rewrite.sed, [list])] : []),
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
  answers: Answers,
  manager: "poetry" | "pdm" | "pipenv" | "hatch",
  program: string,
  purpose: Purpose,
  variant: Variant,
  plain: boolean,
): string {
  const groups = purpose === "serve" ? [] : answers.trainGroups;
  const taken = extrasOf(answers, purpose, variant);
  if (manager === "poetry") {
    const which = purpose === "dev" ? ["--all-groups"] : [`--only ${["main", ...groups].join(",")}`];
    const more = taken.map((extra) => `--extras ${shellWord(extra)}`);
    return [`${program} export`, ...which, ...more, plain ? "--without-hashes" : "", `-o ${list}`]
      .filter(Boolean)
      .join(" ");
  }
  if (manager === "pdm") {
    const which =
      purpose === "dev"
        ? ["-G :all"]
        : ["--prod", ...[...groups, ...taken].map((group) => `-G ${shellWord(group)}`)];
    return [`${program} export`, ...which, plain ? "--without-hashes" : "", `-o ${list}`]
      .filter(Boolean)
      .join(" ");
  }
  if (manager === "pipenv") {
    const which =
      purpose === "dev" ? ["--dev"] : groups.length > 0 ? [`--categories packages,${groups.join(",")}`] : [];
    return [`${program} requirements`, ...which, ...(plain ? [] : ["--hash"]), `> ${list}`].join(" ");
  }
  const more = [...groups, ...taken].map((one) => `-f ${shellWord(one)}`);
  return [
    `${program} dep show requirements`,
    ...(purpose === "dev" ? ["--all"] : ["--project-only"]),
    ...more,
    `> ${list}`,
  ].join(" ");
}
