import { type Document, LineCounter, parseDocument, type SchemaOptions } from "yaml";
import { messageOf } from "./errors.ts";
import { type Origins, originsOf } from "./yaml-origins.ts";

/** What stands in a YAML file, and the lines of its parts. */
export interface YamlTree {
  /** Null where the file is empty. */
  readonly tree: unknown;
  readonly origins: () => Origins;
}

/** What differs between files. `prepare` may change the document before it becomes data. */
type Reading = Pick<SchemaOptions, "schema" | "merge"> & { prepare?: (document: Document) => void };

/**
 * Reads a YAML file of which nothing is known yet. Throws what `refuse` makes of half a sentence: what is wrong, with its line where there
 * is one.
 */
export function readYaml(
  text: string,
  refuse: (problem: string) => Error,
  { prepare, ...options }: Reading = {},
): YamlTree {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    ...options,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "silent",
  });
  const [error] = document.errors;
  if (error !== undefined) throw refuse(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
  prepare?.(document);
  try {
    // Aliases that multiply (a "billion laughs") are refused here.
    return {
      tree: document.toJS({ maxAliasCount: 100 }) as unknown,
      origins: () => originsOf(document, lines),
    };
  } catch (cause) {
    throw refuse(messageOf(cause));
  }
}
