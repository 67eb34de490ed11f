import type { Detector } from "../project.ts";
import { depthOf, isBesides, nameOf } from "./reading/base.ts";

const names =
  /^(?:(?:[\w.-]+\.)?(?:Dockerfile|Containerfile)(?:[._-][\w.-]+)?|(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml|[\w.-]*\.?dockerignore|devcontainer\.json|cog\.yaml|skaffold\.yaml|apptainer\.def|Singularity(?:\.[\w.-]+)?)$/i;

/** Dockerfiles, compose files and their like, those near the root first. */
export const containerFiles: Detector = (files, draft) => {
  draft.containerFiles = files.list
    .map(({ path }) => path)
    .filter((path) => names.test(nameOf(path)) && (!isBesides(path) || path.startsWith(".devcontainer/")))
    .filter((path) => !/\.(?:py|md|sh|j2|tmpl|template)$/i.test(path))
    .sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1))
    .slice(0, 100);
};
