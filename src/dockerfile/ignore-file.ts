import type { LineIndex, Range } from "./text.ts";

/** One line of a .dockerignore that is a pattern. */
export interface IgnorePattern extends Range {
  readonly line: number;
  /** As written, blanks around it removed. */
  readonly raw: string;
  /** As Docker matches it: cleaned, no leading slash, without the `!`. */
  readonly pattern: string;
  /** Begins with `!`: takes back. */
  readonly negated: boolean;
}

/** A .dockerignore file with Docker's own semantics (moby/patternmatcher). */
export interface IgnoreFile {
  readonly kind: "ignore";
  readonly text: string;
  readonly lines: LineIndex;
  readonly patterns: readonly IgnorePattern[];
  /** Patterns that Docker refuses, with why. */
  readonly problems: readonly (Range & { readonly message: string })[];
  /** The pattern that decides about a path of the context (`a/b`), or undefined where none matches: such a path is sent. */
  decides(path: string): IgnorePattern | undefined;
  /** Whether a path is left out of the context. */
  ignores(path: string): boolean;
}
