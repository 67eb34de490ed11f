import type { Answers } from "../answers.ts";
import { appFolder } from "../image-layout.ts";
import type { Manager } from "../project.ts";
import { conda, pixi, r } from "./dockerfile-environments.ts";
import { exporter } from "./dockerfile-exporters.ts";
import { pip } from "./dockerfile-pip.ts";
import { type Recipe, venv } from "./dockerfile-recipe.ts";
import { uv } from "./dockerfile-uv.ts";

const recipes: Readonly<Record<Manager, (answers: Answers) => Recipe | undefined>> = {
  uv,
  pip,
  "pip-tools": pip,
  poetry: (answers) => exporter(answers, "poetry"),
  pdm: (answers) => exporter(answers, "pdm"),
  pipenv: (answers) => exporter(answers, "pipenv"),
  hatch: (answers) => exporter(answers, "hatch"),
  pixi,
  conda,
  r,
  none: () => undefined,
};

/** How this project's packages are installed; undefined where it has none. */
export function recipeOf(answers: Answers): Recipe | undefined {
  return recipes[answers.manager](answers);
}

/** The folder in the project's that holds the packages, over which a mounted source is laid; undefined where they lie elsewhere. */
export function environmentFolder(answers: Answers): string | undefined {
  if (answers.manager === "pixi") return `${appFolder}/.pixi`;
  return hasVenv(answers) ? venv : undefined;
}

/** Whether packages lie in a virtual environment of Python. */
export function hasVenv({ manager }: Answers): boolean {
  return manager !== "none" && manager !== "r" && manager !== "pixi" && manager !== "conda";
}
