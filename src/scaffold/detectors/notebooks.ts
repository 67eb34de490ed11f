import type { Detector } from "../project.ts";

/** Notebooks of Jupyter and of R. */
export const notebooks: Detector = (files, draft) => {
  draft.notebooks = files.list.map(({ path }) => path).filter((path) => /\.(?:ipynb|Rmd|qmd)$/.test(path));
};
