import type { Evidence, ProjectFiles } from "./project.ts";

/** A requirement as a line asks for it. */
export interface RequirementText {
  /** Lower case with dashes. */
  readonly name: string;
  /** `>=2,<3`; empty where anything goes. */
  readonly version: string;
  readonly extras: readonly string[];
  /** Where it comes from instead of an index: `git+https://...`, a wheel. */
  readonly url: string | undefined;
}

/** Lower case with single dashes, as PEP 503 compares names. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

const mostLine = 4_000;

/**
 * A requirement by PEP 508, or a URL that names its package; undefined for what is no requirement and for one that its marker
 * keeps away from Linux.
 */
export function parseRequirement(text: string): RequirementText | undefined {
  const plain = text.slice(0, mostLine).trim();
  if (/^(?:git|hg|svn)\+|^(?:https?|file):/.test(plain)) return requirementOfUrl(plain);
  const name = /^[A-Za-z0-9](?:[\w.-]{0,200}[A-Za-z0-9])?/.exec(plain)?.[0];
  if (name === undefined) return undefined;
  let rest = plain.slice(name.length).trimStart();
  const extras: string[] = [];
  if (rest.startsWith("[")) {
    const end = rest.indexOf("]");
    if (end < 0) return undefined;
    extras.push(...namesOf(rest.slice(1, end)));
    rest = rest.slice(end + 1).trimStart();
  }
  const url = /^@\s*(\S+)/.exec(rest)?.[1];
  if (url !== undefined) {
    if (isElsewhere(rest.slice(rest.indexOf(";") + 1))) return undefined;
    return { name: normalName(name), version: versionOfUrl(url), extras, url };
  }
  const [versions = "", ...marker] = rest.split(";");
  if (isElsewhere(marker.join(";"))) return undefined;
  const version = versions.trim().replace(/^\(([^()]*)\)$/, "$1");
  const parts = version === "" ? [] : version.split(",").map((part) => part.replace(/\s+/g, ""));
  if (!parts.every((part) => /^(?:===?|~=|!=|<=|>=|<|>)[\w.!+*-]+$/.test(part))) return undefined;
  return { name: normalName(name), version: parts.join(","), extras, url: undefined };
}

function requirementOfUrl(text: string): RequirementText | undefined {
  const url = text.split(/\s/)[0] ?? "";
  if (isElsewhere(text.slice(url.length))) return undefined;
  const egg = /[#&]egg=([A-Za-z0-9][\w.-]*)(?:\[([^\]]*)\])?/.exec(url);
  const last = (url.split(/[?#]/)[0] ?? "").replace(/\/+$/, "").split("/").at(-1) ?? "";
  const file = /^([A-Za-z0-9][\w.]*?)-(\d[\w.!+%]*)-.*\.whl$/.exec(last);
  const guessed = egg?.[1] ?? file?.[1] ?? /^([A-Za-z0-9][\w-]*?)(?:\.git)?(?:@|$)/.exec(last)?.[1];
  if (guessed === undefined) return undefined;
  return { name: normalName(guessed), version: versionOfUrl(url), extras: namesOf(egg?.[2] ?? ""), url };
}

function versionOfUrl(url: string): string {
  const version = /\/[A-Za-z0-9][\w.]*?-(\d[\w.!+%]*)-[^/]*\.whl/.exec(url)?.[1];
  return version === undefined ? "" : `==${version.replace(/%2B/gi, "+")}`;
}

function namesOf(list: string): string[] {
  return list
    .split(",")
    .map((one) => normalName(one.trim()))
    .filter(Boolean);
}

/** Whether a marker says that this is for Windows or macOS alone. */
function isElsewhere(marker: string): boolean {
  if (/\bor\b/.test(marker)) return false;
  return /(?:sys_platform|platform_system|os_name)\s*==\s*['"](?:win32|darwin|Windows|Darwin|nt|emscripten)['"]|(?:sys_platform\s*!=\s*['"]linux|platform_system\s*!=\s*['"]Linux)/.test(
    marker,
  );
}

/** What a requirements file says, files that it names with `-r` included. */
export interface RequirementLines {
  readonly wanted: readonly (RequirementText & { readonly from: Evidence })[];
  /** Indexes that it names, and files of `--find-links`. */
  readonly indexes: readonly { readonly url: string; readonly from: Evidence }[];
  /** Whether every package has its hash, as `pip-compile --generate-hashes` writes. */
  readonly isHashed: boolean;
  /** The tool that wrote it, by its first comment. */
  readonly compiledBy: "pip-compile" | "uv" | undefined;
  /** Whether it installs the project itself: `-e .`, `.`. */
  readonly installsProject: boolean;
  /** Files that it reads with `-r`. */
  readonly includes: readonly string[];
}

/** Reads a requirements file. Files that name each other in a circle are read once. */
export function readRequirements(files: ProjectFiles, path: string): RequirementLines {
  const wanted: (RequirementText & { from: Evidence })[] = [];
  const indexes: { url: string; from: Evidence }[] = [];
  const seen = new Set<string>();
  let hashes = 0;
  let installsProject = false;
  const read = (file: string): void => {
    if (seen.has(file) || seen.size > 50) return;
    seen.add(file);
    for (const { text, line } of joinedLines(files.read(file) ?? "")) {
      const option = /^(--?[a-z-]+)(?:\s*=\s*|\s+)?(.*)$/.exec(text);
      const [, name = "", value = ""] = option ?? [];
      if (name === "-r" || name === "--requirement") read(besides(file, value));
      else if (/^(?:-i|--index-url|--extra-index-url|-f|--find-links)$/.test(name)) {
        indexes.push({ url: value, from: { file, line, says: `names ${value}` } });
      } else if (name.startsWith("-") && name !== "-e" && name !== "--editable") {
        continue;
      } else {
        const asked = name === "" ? text : value;
        if (/\s--hash[= ]/.test(asked)) hashes++;
        const request = asked.replace(/\s--(?:hash|config-settings?|global-option)\b.*$/, "");
        if (/^\.\/?(?:\[[^\]]*\])?$/.test(request.trim())) installsProject = true;
        const parsed = parseRequirement(request);
        if (parsed === undefined) continue;
        const says = `asks for ${parsed.name}${parsed.version}${parsed.url === undefined ? "" : ` from ${parsed.url}`}`;
        wanted.push({ ...parsed, from: { file, line, says } });
      }
    }
  };
  read(path);
  const head = (files.read(path) ?? "").slice(0, 600);
  const compiledBy = /autogenerated by pip-compile/i.test(head)
    ? "pip-compile"
    : /autogenerated by uv|uv (?:pip compile|export)/.test(head)
      ? "uv"
      : undefined;
  return {
    wanted,
    indexes,
    isHashed: hashes > 0 && hashes === wanted.length,
    compiledBy,
    installsProject,
    includes: [...seen].slice(1),
  };
}

/** Lines with their continuations, without comments. */
function* joinedLines(text: string): Generator<{ text: string; line: number }> {
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const start = at;
    let joined = lines[at] ?? "";
    while (joined.endsWith("\\") && at + 1 < lines.length && joined.length < 65_536) {
      joined = `${joined.slice(0, -1)} ${lines[++at] ?? ""}`;
    }
    const comment = joined.startsWith("#") ? 0 : joined.search(/\s#/);
    const plain = (comment < 0 ? joined : joined.slice(0, comment)).trim();
    if (plain !== "") yield { text: plain, line: start + 1 };
  }
}

/** A path that is written beside another file. */
export function besides(file: string, path: string): string {
  const parts = file.includes("/") ? file.split("/").slice(0, -1) : [];
  for (const part of path.trim().split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
