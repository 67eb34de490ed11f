import type { Evidence, ProjectFiles } from "../../project.ts";
import { type CondaPackage, condaVersion, parseCondaSpec } from "../../requirements-conda.ts";
import { besides, normalName, parseRequirement, readRequirements } from "../../requirements.ts";
import {
  evidence,
  listAt,
  pairsAt,
  readToml,
  readYaml,
  type Table,
  tableAt,
  textAt,
  textsAt,
} from "./parsed.ts";
import { addWish, type Wishes } from "./wish-list.ts";

/** The conda environment files of the project's folder, the main one first. */
export function environmentFiles(files: ProjectFiles, base: string): string[] {
  const rank = (path: string): number => {
    const name = path.slice(base.length).toLowerCase();
    const at = [
      "environment.yml",
      "environment.yaml",
      "conda.yml",
      "conda.yaml",
      "env.yml",
      "env.yaml",
    ].indexOf(name);
    return at >= 0 ? at : /env|conda/.test(name) ? 6 : 7;
  };
  return files.list
    .filter(({ path, size }) => {
      const name = path.startsWith(base) ? path.slice(base.length) : "/";
      const mayBe =
        /^(?:[^/]+|(?:conda|envs?|environments?|conda[-_]envs?|requirements)\/[^/]+)\.ya?ml$/.test(name);
      return mayBe && size < 256 * 1024 && !/(?:compose|conda-lock|mkdocs|config|^\.)/.test(name);
    })
    .map(({ path }) => path)
    .filter(
      (path) =>
        /^dependencies:/m.test(files.read(path) ?? "") &&
        /^(?:channels|name|dependencies):/m.test(files.read(path) ?? ""),
    )
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Reads conda's environment files, the main one into `main`, and pixi's manifest. */
export function wishesOfConda(files: ProjectFiles, base: string, wishes: Wishes): void {
  environmentFiles(files, base).forEach((path, index) => {
    const stem = (path.split("/").at(-1) ?? "").replace(/\.ya?ml$/, "");
    readEnvironment(
      files,
      path,
      index === 0 ? "main" : stem.replace(/^(?:environment|env)[-_.]?/, "") || stem,
      wishes,
    );
  });
  const pixi = readToml(files, `${base}pixi.toml`);
  if (pixi !== undefined) readPixi(files, `${base}pixi.toml`, pixi, wishes);
  const inProject = tableAt(readToml(files, `${base}pyproject.toml`), "tool", "pixi");
  if (inProject !== undefined) readPixi(files, `${base}pyproject.toml`, inProject, wishes);
}

function readEnvironment(files: ProjectFiles, path: string, group: string, wishes: Wishes): void {
  for (const one of listAt(readYaml(files, path), "dependencies")) {
    if (typeof one === "string") {
      const parsed = parseCondaSpec(one);
      if (parsed !== undefined)
        addConda(
          wishes,
          parsed,
          group,
          evidence(files, path, `asks for ${one.trim()}`, one.split(/[\s=<>]/)[0] ?? one, "-"),
        );
      continue;
    }
    for (const text of textsAt(one, "pip")) readPipLine(files, path, text, group, wishes);
  }
}

function readPipLine(files: ProjectFiles, path: string, text: string, group: string, wishes: Wishes): void {
  const named = /^(?:-r|--requirement)[ =]\s*(\S+)/.exec(text)?.[1];
  const index = /^(?:-i|--index-url|--extra-index-url|-f|--find-links)[ =]\s*(\S+)/.exec(text)?.[1];
  if (named !== undefined) {
    const read = readRequirements(files, besides(path, named));
    for (const one of read.wanted) addWish(wishes, one, group, one.from);
    for (const one of read.indexes) wishes.indexes.push({ ...one, packages: [] });
  } else if (index !== undefined) {
    wishes.indexes.push({ url: index, packages: [], from: evidence(files, path, `names ${index}`, index) });
  } else {
    const parsed = parseRequirement(text.replace(/^(?:-e|--editable)\s+/, ""));
    if (parsed !== undefined)
      addWish(
        wishes,
        parsed,
        group,
        evidence(files, path, `asks for ${text}`, text.split(/[\s;<>=!~[]/)[0] ?? text),
      );
  }
}

function addConda(wishes: Wishes, wanted: CondaPackage, group: string, from: Evidence): void {
  if (wanted.condaName === "python") {
    if (wanted.version !== "") {
      const isPin = wanted.version.startsWith("==");
      wishes.pythons.push({ spec: wanted.version, kind: isPin ? "pin" : "range", from });
    }
    return;
  }
  wishes.conda.push({ ...wanted, group, from });
  if (!/^(?:pip|setuptools|_.*|lib.*|ld_impl.*)$/.test(wanted.condaName))
    addWish(wishes, wanted, group, from);
}

function readPixi(files: ProjectFiles, path: string, pixi: Table, wishes: Wishes): void {
  readPixiPart(files, path, pixi, "main", wishes);
  for (const [name] of pairsAt(pixi, "environments")) if (name !== "default") wishes.extras.add(name);
  for (const [name, feature] of pairsAt(pixi, "feature")) readPixiPart(files, path, feature, name, wishes);
}

function readPixiPart(files: ProjectFiles, path: string, part: unknown, group: string, wishes: Wishes): void {
  const linux = tableAt(part, "target", "linux-64") ?? tableAt(part, "target", "linux");
  for (const table of [part, linux]) {
    for (const key of ["dependencies", "host-dependencies", "run-dependencies"]) {
      for (const [name, value] of pairsAt(table, key)) {
        const version = typeof value === "string" ? value : (textAt(value, "version") ?? "");
        const parsed = parseCondaSpec(name);
        if (parsed === undefined) continue;
        const build = textAt(value, "build");
        const wanted = {
          ...parsed,
          version: condaVersion(version),
          build,
          channel: textAt(value, "channel"),
        };
        addConda(
          wishes,
          wanted,
          group,
          evidence(files, path, `asks for ${name} ${version}`.trim(), name, "="),
        );
      }
    }
    for (const [name, value] of pairsAt(table, "pypi-dependencies")) {
      const written = typeof value === "string" ? value : (textAt(value, "version") ?? "");
      const version = written === "*" ? "" : condaVersion(written);
      if (textAt(value, "path") !== undefined) continue;
      const git = textAt(value, "git");
      const url = git === undefined ? textAt(value, "url") : `git+${git}`;
      const from = evidence(files, path, `asks for ${name} ${written}`.trim(), name, "=");
      addWish(
        wishes,
        { name: normalName(name), version, extras: textsAt(value, "extras"), url },
        group,
        from,
      );
      const index = textAt(value, "index");
      if (index !== undefined) wishes.indexes.push({ url: index, packages: [normalName(name)], from });
    }
    for (const url of [
      textAt(table, "pypi-options", "index-url"),
      ...textsAt(table, "pypi-options", "extra-index-urls"),
    ]) {
      if (url === undefined) continue;
      wishes.indexes.push({ url, packages: [], from: evidence(files, path, `names ${url}`, url) });
    }
  }
  const cuda = tableAt(part, "system-requirements")?.["cuda"];
  const version =
    typeof cuda === "string" || typeof cuda === "number" ? String(cuda) : textAt(cuda, "version");
  if (version !== undefined)
    wishes.systemCuda.push({ version, from: evidence(files, path, `needs CUDA ${version}`, "cuda") });
}
