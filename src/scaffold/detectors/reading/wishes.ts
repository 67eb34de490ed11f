import type { Manager, ProjectFiles } from "../../project.ts";
import { readLocked } from "../../requirements-locked.ts";
import { baseOf } from "./base.ts";
import type { Wishes } from "./wish-list.ts";
import { wishesOfConda } from "./wishes-conda.ts";
import { wishesOfFiles } from "./wishes-files.ts";
import { wishesOfPyproject } from "./wishes-pyproject.ts";

const kept = new WeakMap<ProjectFiles, Wishes>();

/** Lock files with what they belong to, in the order in which they are believed. */
export const lockFiles: readonly (readonly [string, Manager])[] = [
  ["pixi.lock", "pixi"],
  ["uv.lock", "uv"],
  ["poetry.lock", "poetry"],
  ["pdm.lock", "pdm"],
  ["Pipfile.lock", "pipenv"],
  ["pylock.toml", "pip"],
  ["conda-lock.yml", "conda"],
  ["conda-lock.yaml", "conda"],
];

/** Reads everything that asks for packages. */
export function wishesOf(files: ProjectFiles): Wishes {
  let own = kept.get(files);
  if (own === undefined) kept.set(files, (own = readWishes(files)));
  return own;
}

function readWishes(files: ProjectFiles): Wishes {
  const base = baseOf(files);
  const lockFile =
    lockFiles.map(([name]) => base + name).find((path) => files.has(path)) ??
    lockFiles.map(([name]) => name).find((path) => base !== "" && files.has(path));
  const wishes: Wishes = {
    requirements: [],
    indexes: [],
    conda: [],
    urls: [],
    pythons: [],
    requirementFiles: [],
    systemCuda: [],
    extras: new Set(),
    locked: lockFile === undefined ? new Map() : readLocked(files, lockFile),
    lockFile,
  };
  wishesOfPyproject(files, base, wishes);
  wishesOfConda(files, base, wishes);
  wishesOfFiles(files, base, wishes);
  return wishes;
}
