import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { type FileKind, kindByName } from "../kinds.ts";

/** A document that an editor holds and that is linted. */
export interface OpenFile {
  readonly document: TextDocument;
  readonly kind: FileKind;
  /** Absolute; of a document without a file, where it would lie. */
  readonly absolute: string;
  /** The folder of the workspace that it is in. */
  readonly root: string;
}

/** Makes an open document one of ours; undefined for all that is not linted, old revisions in a view of differences among it. */
export function openFile(document: TextDocument, roots: readonly string[]): OpenFile | undefined {
  const url = URL.parse(document.uri);
  if (url === null || (url.protocol !== "file:" && url.protocol !== "untitled:")) return undefined;
  const [first = process.cwd()] = roots;
  const absolute =
    url.protocol === "file:" ? pathOf(document.uri) : join(first, basename(url.pathname) || "Untitled");
  if (absolute === undefined) return undefined;
  const kind = kindByName(absolute) ?? kindOfLanguage(document.languageId);
  if (kind === undefined) return undefined;
  const inside = roots.filter((root) => absolute.startsWith(root.endsWith("/") ? root : `${root}/`));
  // The nearest one, where one folder of the workspace lies in another.
  const root = inside.sort((a, b) => b.length - a.length)[0] ?? first;
  return { document, kind, absolute, root };
}

/** The path of a file's URI; undefined where it is none of this machine. */
export function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

/** Editors call `.gitignore` and the like `ignore`, too: there the name must tell. */
function kindOfLanguage(language: string): FileKind | undefined {
  if (language === "dockerfile") return "dockerfile";
  return language === "dockercompose" ? "compose" : undefined;
}
