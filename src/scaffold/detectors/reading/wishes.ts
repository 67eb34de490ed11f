import type { ProjectFiles } from "../../project.ts";
import { readLocked } from "../../requirements-locked.ts";
import { baseOf } from "./base.ts";
import { lockFileOf } from "./lock-file.ts";
import type { Wishes } from "./wish-list.ts";
import { wishesOfConda } from "./wishes-conda.ts";
import { wishesOfFiles } from "./wishes-files.ts";
import { wishesOfPyproject } from "./wishes-pyproject.ts";

const kept = new WeakMap<ProjectFiles, Wishes>();

/** Reads everything that asks for packages. */
export function wishesOf(files: ProjectFiles): Wishes {
  let own = kept.get(files);
  if (own === undefined) kept.set(files, (own = readWishes(files)));
  return own;
}

function readWishes(files: ProjectFiles): Wishes {
  const base = baseOf(files);
  const lockFile = lockFileOf(files, base)?.path;
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
