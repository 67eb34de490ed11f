import { basename, resolve } from "node:path";
import { detectorsFor } from "./detectors.ts";
import { filesFor } from "./detectors/chosen-manager.ts";
import { problemsOf } from "./detectors/reading/parsed.ts";
import type { Draft, Manager, Project, ProjectFiles } from "./project.ts";
import { openProject } from "./project-files.ts";

/**
 * What the project in a folder is, as far as its files tell; nothing of it is run.
 * @throws DdiffError PROJECT_MISSING where there is no such folder
 */
export async function detectProject(folder: string): Promise<Project> {
  return detectIn(await openProject(folder), basename(resolve(folder)));
}

/**
 * What these files are. `folder` names the project where nothing in it does. A file that cannot be read is a note beside the manager. With
 * `manager` the project is what it is to this one; throws `IMPOSSIBLE` where it is nothing to it.
 */
export function detectIn(all: ProjectFiles, folder = "", manager?: Manager): Project {
  const files = manager === undefined ? all : filesFor(all, manager);
  const draft: Draft = {
    name: folder,
    manager: { value: "none", because: [] },
    manifest: undefined,
    lockFile: undefined,
    requirementFiles: [],
    workspace: [],
    python: { value: "", because: [] },
    requirements: [],
    extras: [],
    frameworks: [],
    serving: undefined,
    entryPoints: [],
    sources: [],
    isPackage: false,
    systemNeeds: [],
    notebooks: [],
    r: false,
    dataFolders: [],
    weightFolders: [],
    weights: [],
    containerFiles: [],
  };
  for (const detect of detectorsFor(all, manager)) detect(files, draft);
  const { value, because } = draft.manager;
  return { ...draft, manager: { value, because: [...because, ...problemsOf(files)] } };
}
