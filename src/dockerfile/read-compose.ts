import { type Document, isAlias, isCollection, isMap, type Node, parseAllDocuments } from "yaml";
import type { Compose, ComposeService } from "./compose.ts";
import {
  follow,
  inherited,
  keyName,
  mergeTrees,
  plain,
  TooLarge,
  type Tree,
  treesOf,
} from "./compose-tree.ts";
import { indexLines, type Range } from "./text.ts";

/** Larger files are no compose files that people write. */
const largestText = 1024 * 1024;
const deepestText = 2_000;
const nestedMarks = /(?:[-?:][ \t]+){2000}/;
type Problems = (Range & { message: string })[];

/**
 * Reads a compose file (YAML 1.2, the Compose specification): aliases followed, merge keys and `extends` within the file put in; `include`
 * and `extends` of other files are left alone. Never throws: what Compose refuses is in `problems`, and what can be read is there.
 */
export function readCompose(text: string): Compose {
  const problems: Problems = [];
  const documents = parse(text, problems);
  const services: ComposeService[] = [];
  for (const document of documents) {
    try {
      services.push(...servicesOf(document, text, problems));
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      problems.push({ ...start(text), message: "aliases make this file too large or too deep to be read" });
    }
  }
  problems.sort((a, b) => a.start - b.start);
  const [document] = documents;
  return {
    kind: "compose",
    text,
    lines: indexLines(text),
    document: document ?? emptyDocument(),
    services,
    problems,
  };
}

function emptyDocument(): Document {
  const [document] = parseAllDocuments("{}") as Document[];
  if (document === undefined) throw new TypeError("an empty mapping is a document");
  return document;
}

function start(text: string): Range {
  return { start: 0, end: Math.min(text.length, 1) };
}

function parse(text: string, problems: Problems): Document[] {
  if (text.length > largestText) {
    problems.push({ ...start(text), message: "is larger than 1 MiB, which no compose file is" });
    return [];
  }
  if (isDeep(text)) {
    problems.push({ ...start(text), message: "is nested too deep to be read" });
    return [];
  }
  let parsed: Document[];
  try {
    parsed = parseAllDocuments(text, {
      prettyErrors: false,
      logLevel: "silent",
      uniqueKeys: false,
    }) as Document[];
  } catch (error) {
    // Nesting without end uses up the stack of the parser.
    if (!(error instanceof RangeError)) throw error;
    problems.push({ ...start(text), message: "is nested too deep to be read" });
    return [];
  }
  for (const document of parsed) {
    for (const { pos, message } of document.errors) {
      const begin = Math.min(pos[0], text.length);
      problems.push({
        start: begin,
        end: Math.min(Math.max(pos[1], begin), text.length),
        message: sentence(message),
      });
    }
    reportDoubleKeys(document, problems);
  }
  return parsed;
}

/** Whether brackets or dashes are nested as no person does it: the parser would take many seconds before it gave up. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length && depth < deepestText; at++) {
    const char = text.charCodeAt(at);
    if (char === 91 || char === 123) depth += 1;
    else if ((char === 93 || char === 125) && depth > 0) depth -= 1;
  }
  return depth >= deepestText || nestedMarks.test(text);
}

/** The parser's words without full stop, as part of a sentence. */
function sentence(message: string): string {
  const first = message.split("\n")[0] ?? "";
  return `not valid YAML: ${first.charAt(0).toLowerCase()}${first.slice(1).replace(/[.:]$/, "")}`;
}

/** Compose refuses a mapping that has a key twice. The parser's own check takes quadratic time. */
function reportDoubleKeys(document: Document, problems: Problems): void {
  const open: unknown[] = [document.contents];
  while (open.length > 0) {
    const node = open.pop();
    if (!isCollection(node)) continue;
    const seen = new Set<string>();
    for (const item of node.items) {
      if (!isMap(node)) {
        open.push(item);
        continue;
      }
      const pair = item as { key: unknown; value: unknown };
      open.push(pair.value);
      const name = keyName(pair.key);
      if (name === undefined) open.push(pair.key);
      else if (seen.has(name) && name !== "<<") {
        problems.push({
          ...rangeOf(pair.key),
          message: `the key "${name}" is there twice: Compose refuses that`,
        });
      } else seen.add(name);
    }
  }
}

function rangeOf(node: unknown): Range {
  const range = (node as Node | null | undefined)?.range;
  return range === null || range === undefined ? { start: 0, end: 0 } : { start: range[0], end: range[1] };
}

function servicesOf(document: Document, text: string, problems: Problems): ComposeService[] {
  const trees = treesOf(document);
  for (const alias of trees.unknown) {
    problems.push({ ...rangeOf(alias), message: `no anchor &${alias.source} stands before this alias` });
  }
  if (!isMap(document.contents)) return [];
  const pair = document.contents.items.find((one) => keyName(one.key) === "services");
  if (pair === undefined || pair.value === null) return [];
  const all = trees.make(pair.value);
  if (all.kind !== "map") {
    if (all.kind === "list" || all.value !== null) {
      problems.push({ ...rangeOf(pair.key), message: "services is not a mapping of names" });
    }
    return [];
  }
  const services: ComposeService[] = [];
  for (const [name, own] of all.entries) {
    const at = rangeOf(own.key);
    if (own.kind !== "map") {
      if (own.kind === "list" || own.value !== null) {
        problems.push({ ...at, message: `the service ${name} is not a mapping` });
      }
      continue;
    }
    const tree = extended(name, own, all.entries, [], problems);
    services.push(serviceOf(name, tree, at, text));
  }
  return services;
}

/** A service with what it extends of this file; another file's services are not known. */
function extended(
  name: string,
  own: Tree,
  all: ReadonlyMap<string, Tree>,
  under: readonly string[],
  problems: Problems,
): Tree {
  const extend = follow(own, ["extends"]).found;
  if (extend === undefined) return own;
  const base = extend.kind === "scalar" ? extend.value : plainAt(extend, "service");
  if (typeof base !== "string" || (extend.kind === "map" && extend.entries.has("file"))) return own;
  const tree = all.get(base);
  if (under.includes(name) || base === name) {
    if (base === name || under[0] === name) {
      problems.push({ ...rangeOf(extend.key), message: `the service ${name} extends itself` });
    }
    return own;
  }
  if (tree === undefined) {
    if (under.length === 0 && !base.includes("$")) {
      problems.push({
        ...rangeOf(extend.key),
        message: `the service ${name} extends ${base}, which is not in this file`,
      });
    }
    return own;
  }
  return mergeTrees(inherited(extended(base, tree, all, [...under, name], problems)), own);
}

function plainAt(tree: Tree, key: string): unknown {
  const { found } = follow(tree, [key]);
  return found?.kind === "scalar" ? found.value : undefined;
}

function serviceOf(name: string, tree: Tree, at: Range, text: string): ComposeService {
  return {
    name,
    at,
    node: (tree.node ?? null) as Node,
    get(...path) {
      const { found } = follow(tree, path);
      return found === undefined ? undefined : plain(found);
    },
    range(...path) {
      const { nearest } = follow(tree, path);
      return nearest === tree ? at : spanOf(nearest, text);
    },
    place(...path) {
      const { found } = follow(tree, path);
      if (found === undefined || found === tree) return undefined;
      return {
        key: found.key === undefined ? undefined : rangeOf(found.key),
        value: rangeOf(found.node),
        own: found.own && !isAlias(found.node),
      };
    },
  };
}

/** A key with its value where that is one line, only the key of anything larger; an item's first line. */
function spanOf(tree: Tree, text: string): Range {
  const key = tree.key === undefined ? undefined : rangeOf(tree.key);
  const value = rangeOf(tree.node);
  const begin = key?.start ?? value.start;
  const end = Math.max(value.end, key?.end ?? 0);
  const lineEnd = text.indexOf("\n", begin);
  if (lineEnd < 0 || end <= lineEnd) return { start: begin, end };
  return key ?? { start: begin, end: begin + text.slice(begin, lineEnd).trimEnd().length };
}
