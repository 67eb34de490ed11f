import type { Compose } from "../dockerfile/compose.ts";
import type { Dockerfile } from "../dockerfile/document.ts";
import type { IgnoreFile } from "../dockerfile/ignore-file.ts";

/** What is linted. */
export type Document = Dockerfile | Compose | IgnoreFile;
export type FileKind = Document["kind"];

const compose = /^(?:docker-)?compose(?:[.-].+)?\.ya?ml$/i;
const dockerfile =
  /^(?:dockerfile|containerfile)s?$|^(?:dockerfile|containerfile)[._-].|.\.(?:dockerfile|containerfile)$/i;
/** `Dockerfile.j2` is made into a Dockerfile, `Dockerfile.py` makes one, `Dockerfile.orig` was one. */
const notItself =
  /\.(?:j2|jinja2?|tmpl|tpl|template|erb|mustache|hbs|in|m4|ejs|md|rst|txt|py|go|rs|ts|js|mjs|rb|sh|bash|ps1|json|ya?ml|toml|html|orig|bak|old|swp|sw[a-p]|rej|patch|diff|sha256|asc|sig|lock|log)$|~$/i;

/** What a file is by its name, undefined where the name does not say. */
export function kindByName(path: string): FileKind | undefined {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  if (/\.dockerignore$/i.test(name) || /^\.containerignore$/i.test(name)) return "ignore";
  if (compose.test(name)) return "compose";
  return dockerfile.test(name) && !notItself.test(name) ? "dockerfile" : undefined;
}

/** What a file is that was named on purpose, whatever it is called. */
export function kindOf(path: string, text: string): FileKind {
  const named = kindByName(path);
  if (named !== undefined) return named;
  if (/^services[ \t]*:/m.test(text)) return "compose";
  return /^[ \t]*from[ \t]+\S/im.test(text) || !/ignore/i.test(path) ? "dockerfile" : "ignore";
}
