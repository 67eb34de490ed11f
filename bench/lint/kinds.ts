import { basename } from "node:path";

/** What ddiff lints. */
export type Kind = "dockerfile" | "compose" | "ignore";

/** What a file is by its name; undefined for all that is not linted, templates among them. */
export function kindOf(path: string): Kind | undefined {
  const name = basename(path).toLowerCase();
  if (name.endsWith("dockerignore") || name === ".containerignore") return "ignore";
  if (/^(?:docker-)?compose[^/]*\.ya?ml$/.test(name)) return "compose";
  if (/\.(?:j2|jinja2?|tmpl|template|tpl|in|sh|py|md|txt|ya?ml|json|go|ts|js|patch|hs|erb)$/.test(name))
    return undefined;
  if (/^(?:dockerfile|containerfile)(?:[._-].*)?$/.test(name)) return "dockerfile";
  return /\.(?:dockerfile|containerfile)$/.test(name) ? "dockerfile" : undefined;
}

/** Whether rules may ask for a file of the build context: it says what a project needs. */
export function isProjectFile(path: string): boolean {
  const name = basename(path).toLowerCase();
  return (
    kindOf(path) === "ignore" ||
    /^(?:requirements|constraints)[^/]*\.(?:txt|in)$/.test(name) ||
    /^(?:environment|conda)[^/]*\.ya?ml$/.test(name) ||
    ["pyproject.toml", "pixi.toml", "setup.py", "setup.cfg", "pipfile", ".python-version"].includes(name)
  );
}

/** Whether a text is what its name says: a Dockerfile has a FROM and no marks of a template engine. */
export function looksReal(kind: Kind | undefined, text: string): boolean {
  if (kind !== "dockerfile") return kind !== undefined && !text.includes("\0");
  return /^\s*FROM\s/im.test(text) && !/^\s*(?:\{%|\{\{)|^\s*(?:FROM|ARG|ENV|COPY)\b.*\{\{/m.test(text);
}
