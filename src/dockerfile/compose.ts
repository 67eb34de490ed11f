import type { Document, Node } from "yaml";
import type { LineIndex, Range } from "./text.ts";

/** A key and its value, or an item of a list. */
export interface ComposePlace {
  /** The key; undefined for an item of a list. */
  readonly key: Range | undefined;
  /** The value as written, without anchors; empty where nothing is written. */
  readonly value: Range;
  /** Written in the service's own mapping, not taken over by an alias, a merge key or `extends`. */
  readonly own: boolean;
}

/** A service of a compose file, with merge keys and `extends` of the same file put in. */
export interface ComposeService {
  readonly name: string;
  /** The service's key in the file. */
  readonly at: Range;
  /** Its own mapping. */
  readonly node: Node;
  /** The value of a path of keys (`"deploy", "resources"`), as plain data; undefined where it is not there. */
  get(...path: readonly (string | number)[]): unknown;
  /** Where a path of keys stands, or where the nearest of its parents does. */
  range(...path: readonly (string | number)[]): Range;
  /** Both sides of a path of keys; undefined where it is not there. */
  place(...path: readonly (string | number)[]): ComposePlace | undefined;
}

/** A compose file as the Compose specification reads it. */
export interface Compose {
  readonly kind: "compose";
  readonly text: string;
  readonly lines: LineIndex;
  readonly document: Document;
  readonly services: readonly ComposeService[];
  readonly problems: readonly (Range & { readonly message: string })[];
}
