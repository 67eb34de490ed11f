import type { ProjectFiles } from "../../project.ts";
import { normalName, parseRequirement, type RequirementText } from "../../requirements.ts";
import { evidence, listAt, pairsAt, readToml, type Table, tableAt, textAt, textsAt } from "./parsed.ts";
import { addWish, type Wishes } from "./wish-list.ts";

/** Reads what pyproject.toml asks for: PEP 621, PEP 735, uv, poetry, pdm, hatch; and those of a workspace's members. */
export function wishesOfPyproject(files: ProjectFiles, base: string, wishes: Wishes): void {
  readOne(files, `${base}pyproject.toml`, wishes);
  for (const member of workspaceMembers(files, base)) readOne(files, `${member}/pyproject.toml`, wishes);
}

/** Folders of the members of a workspace of uv. */
export function workspaceMembers(files: ProjectFiles, base: string): string[] {
  const patterns = textsAt(readToml(files, `${base}pyproject.toml`), "tool", "uv", "workspace", "members");
  if (patterns.length === 0) return [];
  const folders = files.list
    .filter(({ path }) => path.startsWith(base) && path.endsWith("/pyproject.toml"))
    .map(({ path }) => path.slice(0, -"/pyproject.toml".length));
  return folders.filter((folder) =>
    patterns.some((pattern) => matches(folder.slice(base.length), pattern.replace(/^\.\/|\/$/g, ""))),
  );
}

/** A pattern with `*` in the parts of a path; linear, whatever the pattern. */
function matches(path: string, pattern: string): boolean {
  const [parts, wanted] = [path.split("/"), pattern.split("/")];
  if (wanted.at(-1) === "**") return path.startsWith(wanted.slice(0, -1).join("/"));
  return (
    parts.length === wanted.length &&
    parts.every((part, at) => {
      const [start = "", ...rest] = (wanted[at] ?? "").split("*");
      const end = rest.at(-1) ?? "";
      if (rest.length === 0) return part === start;
      return part.length >= start.length + end.length && part.startsWith(start) && part.endsWith(end);
    })
  );
}

function readOne(files: ProjectFiles, path: string, wishes: Wishes): void {
  const toml = readToml(files, path);
  if (toml === undefined) return;
  const add = (text: string, group: string): void => {
    const parsed = parseRequirement(text);
    if (parsed === undefined) return;
    const says = `asks for ${parsed.name}${parsed.version}${group === "main" ? "" : ` in ${group}`}`;
    addWish(wishes, parsed, group, evidence(files, path, says, text.split(/[\s;<>=!~[]/)[0] ?? text));
  };
  const range = (spec: string | undefined): void => {
    if (spec === undefined || spec === "") return;
    const from = evidence(files, path, `allows Python ${spec}`, spec);
    wishes.pythons.push({ spec: fromPoetry(spec), kind: "range", from });
  };
  range(textAt(toml, "project", "requires-python"));
  for (const text of textsAt(toml, "project", "dependencies")) add(text, "main");
  for (const [group, list] of pairsAt(toml, "project", "optional-dependencies")) {
    wishes.extras.add(group);
    for (const text of textsAt({ list }, "list")) add(text, group);
  }
  for (const [extra] of pairsAt(toml, "tool", "poetry", "extras")) wishes.extras.add(extra);
  for (const [group] of pairsAt(toml, "dependency-groups"))
    for (const text of groupOf(toml, group, new Set())) add(text, group);
  for (const text of textsAt(toml, "tool", "uv", "dev-dependencies")) add(text, "dev");
  for (const [group, list] of pairsAt(toml, "tool", "pdm", "dev-dependencies"))
    for (const text of textsAt({ list }, "list")) add(text.replace(/^-e\s+/, ""), group);
  for (const [name, environment] of pairsAt(toml, "tool", "hatch", "envs"))
    for (const list of ["dependencies", "extra-dependencies"])
      for (const text of textsAt(environment, list)) add(text, name === "default" ? "dev" : name);
  readPoetry(files, path, toml, wishes, range);
  readIndexes(files, path, toml, wishes);
}

/** The texts of a dependency group, with the groups that it includes. */
function groupOf(toml: Table, group: string, seen: Set<string>): string[] {
  if (seen.has(group)) return [];
  seen.add(group);
  return listAt(toml, "dependency-groups", group).flatMap((one) => {
    if (typeof one === "string") return [one];
    const included = textAt(one, "include-group");
    return included === undefined ? [] : groupOf(toml, included, seen);
  });
}

function readPoetry(
  files: ProjectFiles,
  path: string,
  toml: Table,
  wishes: Wishes,
  range: (spec: string | undefined) => void,
): void {
  const poetry = tableAt(toml, "tool", "poetry");
  const groups: (readonly [string, Table | undefined])[] = [
    ["main", tableAt(poetry, "dependencies")],
    ["dev", tableAt(poetry, "dev-dependencies")],
    ...pairsAt(poetry, "group").map(([name, group]) => [name, tableAt(group, "dependencies")] as const),
  ];
  const extras = new Map(
    pairsAt(poetry, "extras").flatMap(([extra, list]) =>
      textsAt({ list }, "list").map((name) => [normalName(name), extra] as const),
    ),
  );
  for (const [group, table] of groups) {
    for (const [name, value] of Object.entries(table ?? {})) {
      if (name === "python") {
        range(typeof value === "string" ? value : textAt(value, "version"));
        continue;
      }
      const parsed = poetryWish(name, value);
      if (parsed === undefined) continue;
      const isOptional = tableAt({ value }, "value")?.["optional"] === true;
      const says = `asks for ${parsed.name}${parsed.version}${group === "main" ? "" : ` in ${group}`}`;
      const own = isOptional ? (extras.get(parsed.name) ?? "optional") : group;
      addWish(wishes, parsed, own, evidence(files, path, says, name));
      const source = textAt(value, "source");
      const url = listAt(poetry, "source").find((one) => textAt(one, "name") === source);
      const address = textAt(url, "url");
      if (source !== undefined && address !== undefined) {
        const from = evidence(files, path, `takes ${parsed.name} from ${address}`, address);
        wishes.indexes.push({ url: address, packages: [parsed.name], from });
      }
    }
  }
}

function poetryWish(name: string, value: unknown): RequirementText | undefined {
  // Several tables for one package part by platform or Python: the first that may hold on Linux stands for it.
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  for (const one of list) {
    const marker = [textAt(one, "markers"), textAt(one, "platform")].filter(Boolean).join(" ");
    if (/darwin|win32|Windows|Darwin/.test(marker) && !/!=|\bor\b/.test(marker)) continue;
    const version = typeof one === "string" ? one : (textAt(one, "version") ?? "");
    const git = textAt(one, "git");
    const url = git === undefined ? textAt(one, "url") : `git+${git}`;
    const local = /\/[A-Za-z0-9_.]+-(\d[\w.]*(?:(?:\+|%2B)\w+)?)-[^/]*\.whl/.exec(url ?? "")?.[1];
    const spec = local === undefined ? fromPoetry(version) : `==${local.replace("%2B", "+")}`;
    return { name: normalName(name), version: spec, extras: textsAt(one, "extras"), url };
  }
  return undefined;
}

/** Poetry's `^1.2.3` and `~1.2` in the language of PEP 440; other text stays as it is. */
export function fromPoetry(text: string): string {
  const choices = text.split(/\s*\|\|?\s*/);
  return choices.map((choice) => choice.split(",").map(fromPoetryPart).filter(Boolean).join(",")).join("||");
}

function fromPoetryPart(part: string): string {
  const plain = part.trim();
  const [, operator, version = ""] = /^(\^|~)(?!=)\s*v?(\d[\w.]*)$/.exec(plain) ?? [];
  if (operator === undefined) {
    if (plain === "*" || plain === "") return "";
    if (/^\d+(?:\.\d+)*\.[*x]$/.test(plain)) return `==${plain.replace(/x$/, "*")}`;
    return /^\d/.test(plain) ? `==${plain}` : plain.replace(/\s+/g, "");
  }
  const numbers = version.split(".").map(Number);
  const first = numbers.findIndex((one) => one !== 0);
  const at = operator === "^" ? (first < 0 ? numbers.length - 1 : first) : Math.min(1, numbers.length - 1);
  const next = numbers.slice(0, at + 1).map((one, index) => (index === at ? one + 1 : one));
  return `>=${version},<${next.join(".")}`;
}

/** Indexes of uv (`[[tool.uv.index]]`, `[tool.uv.sources]`), pdm and poetry that name a CUDA or CPU build. */
function readIndexes(files: ProjectFiles, path: string, toml: Table, wishes: Wishes): void {
  const named = new Map<string, string>();
  const uv = tableAt(toml, "tool", "uv");
  for (const index of listAt(uv, "index")) {
    const [name, url] = [textAt(index, "name"), textAt(index, "url")];
    if (name !== undefined && url !== undefined) named.set(name, url);
    if (url !== undefined && tableAt({ index }, "index")?.["explicit"] !== true && !named.has(""))
      addIndex(files, path, url, [], wishes);
  }
  for (const key of ["index-url", "extra-index-url", "find-links"]) {
    for (const table of [uv, tableAt(uv, "pip")]) {
      const single = textAt(table, key);
      for (const url of single === undefined ? textsAt(table, key) : [single])
        addIndex(files, path, url, [], wishes);
    }
  }
  for (const [name, value] of pairsAt(uv, "sources")) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const marker = textAt(one, "marker") ?? "";
      if (
        /(?:==\s*['"](?:darwin|win32)|platform_system\s*==\s*['"](?:Darwin|Windows))/.test(marker) &&
        !/\bor\b/.test(marker)
      )
        continue;
      const url = named.get(textAt(one, "index") ?? "");
      if (url !== undefined) addIndex(files, path, url, [normalName(name)], wishes);
      const git = textAt(one, "git");
      if (git !== undefined) {
        const from = evidence(files, path, `takes ${name} from ${git}`, git);
        wishes.urls.push({ name: normalName(name), url: `git+${git}`, from });
      }
      const wheel = textAt(one, "url");
      if (wheel !== undefined) addIndex(files, path, wheel, [normalName(name)], wishes);
    }
  }
  for (const source of [
    ...listAt(toml, "tool", "pdm", "source"),
    ...listAt(toml, "tool", "poetry", "source"),
  ]) {
    const url = textAt(source, "url");
    if (url !== undefined && textAt(source, "priority") !== "explicit")
      addIndex(files, path, url, [], wishes);
  }
}

function addIndex(
  files: ProjectFiles,
  path: string,
  url: string,
  packages: readonly string[],
  wishes: Wishes,
): void {
  const says = packages.length === 0 ? `names ${url}` : `takes ${packages.join(", ")} from ${url}`;
  wishes.indexes.push({ url, packages, from: evidence(files, path, says, url) });
}
