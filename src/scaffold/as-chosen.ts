import type { Choices } from "./choices.ts";
import { needsOfRunning } from "./needs-of-running.ts";
import type { Found, Framework, Project } from "./project.ts";

/**
 * A project as somebody says that it is, where that is not what was found: frameworks, needs of the system, folders. A framework that was found
 * keeps what is known of it. The manager is no part of this: it decides how the project is looked at.
 */
export function asChosen(project: Project, choices: Choices): Project {
  const { frameworks, without = [] } = choices;
  const mounted = new Set([...(choices.dataFolders ?? []), choices.weightFolder]);
  const needs = [...project.systemNeeds, ...needsOfRunning(project)];
  return {
    ...project,
    frameworks: frameworks?.map((name) => frameworkOf(project, name)) ?? project.frameworks,
    systemNeeds: needs.filter(
      ({ value }, at) => !without.includes(value) && needs.findIndex((one) => one.value === value) === at,
    ),
    sources: choices.sources ?? project.sources.filter((path) => !mounted.has(path)),
    dataFolders: choices.dataFolders ?? project.dataFolders,
  };
}

function frameworkOf({ frameworks }: Project, name: Framework["name"]): Found<Framework> {
  const found = frameworks.find((one) => one.value.name === name);
  return found ?? { value: { name, version: undefined, build: "open", cuda: undefined }, because: [] };
}
