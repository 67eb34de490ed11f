import { readDockerfile } from "../dockerfile/read.ts";
import { readIgnoreFile } from "../dockerfile/read-ignore-file.ts";
import type { Document, FileKind } from "./kinds.ts";

/** Turns texts into what rules look at. */
export type ReadDocument = (text: string, kind: FileKind) => Document;

/** The readers for some kinds of files. That of compose files is imported only where it is needed: a reader of YAML is large. */
export async function loadReaders(kinds: Iterable<FileKind>): Promise<ReadDocument> {
  const compose = new Set(kinds).has("compose") ? await import("../dockerfile/read-compose.ts") : undefined;
  return (text, kind) => {
    if (kind === "dockerfile") return readDockerfile(text);
    if (kind === "ignore") return readIgnoreFile(text);
    if (compose === undefined) throw new Error("the reader of compose files was not asked for");
    return compose.readCompose(text);
  };
}
