import type { Answers } from "../answers.ts";
import {
  bring,
  extrasOf,
  isWanted,
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
import { rewriteFor } from "./dockerfile-rewrites.ts";
import { run } from "./dockerfile-text.ts";

/** pip, with requirements files (pip-tools too) or a pyproject.toml. */
export function pip(answers: Answers): Recipe {
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
      // The index that is named is another build's; a private one stays.
      const programs = [...rewrite.sed, "/^--(extra-)?index-url.*pytorch/d"];
      const changes = rewritten(rewrite) && (edits || torchIsCuda) ? [sed(programs, all)] : [];
      const words = [main, ...others].map((path) => `-r ${path}`);
      return [...bring(all), run(mounts, [...changes, newVenv, pipInstall(words, rewrite)])];
    },
  };
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
    const more = extrasOf(answers, purpose, variant).map(
      (one) => `, *project["optional-dependencies"]["${one}"]`,
    );
    const groups = groupsOf(answers, purpose);
    const library = /^3\.(?:[89]|10)$/.test(answers.python)
      ? "from pip._vendor import tomli as tomllib"
      : "import tomllib";
    const script = `${library}; data = tomllib.load(open("pyproject.toml", "rb")); project = data["project"]; print(*project["dependencies"]${more.join("")}${groups}, sep="\\n")`;
    return [
      ...bring([manifest]),
      run(mounts, [
        `python -c '${script}' > ${list}`,
        ...(rewrite.sed.length > 0 ? [sed(rewrite.sed, [list])] : []),
        newVenv,
        pipInstall([`-r ${list}`], rewrite),
      ]),
    ];
  };
}

/** The groups of pyproject.toml as words of Python for a list; a group may include others by a table, which have names of their own. */
function groupsOf({ trainGroups }: Answers, purpose: Purpose): string {
  if (purpose === "serve" || (purpose === "train" && trainGroups.length === 0)) return "";
  const all = 'data.get("dependency-groups", {}).values()';
  const some = `map(data["dependency-groups"].get, ${JSON.stringify(trainGroups)})`;
  const groups = purpose === "dev" ? all : some;
  return `, *[one for group in ${groups} for one in group if isinstance(one, str)]`;
}
