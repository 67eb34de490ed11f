import type { Detector, Manager, ProjectFiles } from "./project.ts";
import { chosenManager } from "./detectors/chosen-manager.ts";
import { containerFiles } from "./detectors/container-files.ts";
import { dataFolders } from "./detectors/data-folders.ts";
import { entryPoints } from "./detectors/entry-points.ts";
import { frameworks } from "./detectors/frameworks.ts";
import { manager } from "./detectors/manager.ts";
import { name } from "./detectors/name.ts";
import { notebooks } from "./detectors/notebooks.ts";
import { pythonVersion } from "./detectors/python-version.ts";
import { rProject } from "./detectors/r-project.ts";
import { requirements } from "./detectors/requirements.ts";
import { serving } from "./detectors/serving.ts";
import { sources } from "./detectors/sources.ts";
import { systemNeeds } from "./detectors/system-needs.ts";
import { versionFromGit } from "./detectors/version-from-git.ts";

/** In the order in which they look: later ones read what earlier ones found. */
const detectors: readonly Detector[] = [
  containerFiles,
  notebooks,
  rProject,
  manager,
  name,
  requirements,
  frameworks,
  pythonVersion,
  dataFolders,
  sources,
  serving,
  entryPoints,
  systemNeeds,
  versionFromGit,
];

/** The detectors, and in the place of the one for the manager that for `chosen`, where somebody chose. */
export function detectorsFor(all: ProjectFiles, chosen: Manager | undefined): readonly Detector[] {
  if (chosen === undefined) return detectors;
  return detectors.map((one) => (one === manager ? chosenManager(all, chosen) : one));
}
