import type { Project } from "../../src/scaffold/project.ts";

/** What somebody read in a repository who wanted to know what it is. */
export interface Expected {
  /** Any of these. */
  readonly manager: readonly string[];
  /** `3.10`, a range `3.8-3.11` of what the project allows, or `any` where it needs none. */
  readonly python: string;
  /** All of these and no others: `a,b` either of them, `a?` may be there or not; `*` where a collection has many. */
  readonly frameworks: readonly string[];
  /** Any of these: the kind, or kind and target; null where it answers no requests. */
  readonly serving: readonly (string | null)[];
  /**
   * Any of these has to be the first of its purpose, with `*` for anything; null where no program is meant, as in a library. An empty
   * list leaves it open.
   */
  readonly entry: readonly (string | null)[];
  /** All of these are needed of the system; others may be found. */
  readonly system?: readonly string[];
}

/** The facts that are judged. */
export const topics = ["manager", "python", "frameworks", "serving", "entry", "system"] as const;
/** One of the facts. */
type Topic = (typeof topics)[number];

/** What was found, and which of it is not what was read. */
export interface Judged {
  readonly found: Readonly<Record<Topic, string>>;
  readonly wrong: readonly Topic[];
}

/** Compares what was found with what was read. */
export function judge(expected: Expected, project: Project): Judged {
  const needs = project.systemNeeds.map(({ value }) => value);
  const found: Record<Topic, string> = {
    manager: project.manager.value,
    python: project.python.value,
    frameworks: project.frameworks.map(({ value }) => value.name).join(" ") || "none",
    serving: servingOf(project),
    entry: firstOfEach(project).slice(0, 3).join("; ") || "none",
    system: needs.join(" ") || "none",
  };
  const rights: Record<Topic, boolean> = {
    manager: expected.manager.includes(found.manager),
    python: isAllowed(expected.python, found.python),
    frameworks: hasFrameworks(expected.frameworks, project),
    serving: expected.serving.some((one) =>
      one === null ? found.serving === "none" : found.serving === one || found.serving.startsWith(`${one} `),
    ),
    entry: expected.entry.length === 0 || expected.entry.some((one) => isOffered(one, project)),
    system: (expected.system ?? []).every((one) => needs.includes(one)),
  };
  return { found, wrong: topics.filter((topic) => !rights[topic]) };
}

/** `right` where every fact is, `wrong` where the manager is not or three and more are not. */
export function verdict({ wrong }: Pick<Judged, "wrong">): "right" | "partly" | "wrong" {
  if (wrong.length === 0) return "right";
  return wrong.includes("manager") || wrong.length > 2 ? "wrong" : "partly";
}

function servingOf({ serving }: Project): string {
  if (serving === undefined) return "none";
  return [serving.value.kind, serving.value.target].filter((one) => one !== undefined).join(" ");
}

/** The first entry point of each purpose: what is offered to the user. */
function firstOfEach({ entryPoints }: Project): string[] {
  const seen = new Set<string>();
  return entryPoints
    .filter(({ purpose }) => !seen.has(purpose) && seen.add(purpose))
    .map(({ command }) => command.join(" "));
}

function isOffered(expected: string | null, project: Project): boolean {
  if (expected === null) return project.entryPoints.every(({ purpose }) => purpose === "other");
  const parts = expected.split("*");
  return firstOfEach(project).some((command) => {
    if (parts.length === 1) return command === expected;
    const [start = "", end = ""] = [parts[0], parts.at(-1)];
    return command.length >= start.length + end.length && command.startsWith(start) && command.endsWith(end);
  });
}

function minor(version: string): number {
  return Number(version.split(".")[1]);
}

function isAllowed(expected: string, found: string): boolean {
  if (expected === "any") return true;
  const [from = "", to = from] = expected.split("-");
  return minor(found) >= minor(from) && minor(found) <= minor(to);
}

function hasFrameworks(expected: readonly string[], project: Project): boolean {
  if (expected[0] === "*") return true;
  const left = new Set<string>(project.frameworks.map(({ value }) => value.name));
  for (const one of expected) {
    const names = one.replace(/\?$/, "").split(",");
    const isThere = names.filter((name) => left.delete(name)).length > 0;
    if (!isThere && !one.endsWith("?")) return false;
  }
  return left.size === 0;
}
