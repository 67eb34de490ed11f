import type { Dockerfile, Word } from "../../dockerfile/document.ts";
import { expandWord } from "../../dockerfile/expand.ts";
import { parseReference } from "../../oci/reference.ts";
import { platformArgs, unsetIn } from "./variables.ts";

/** A FROM that names no image as long as nobody gives `--build-arg`. */
export interface OpenBase {
  readonly image: Word;
  /** What the defaults make of it; empty where there are none. */
  readonly name: string;
  /** Whether all of it is one variable, without a value: whoever builds is asked to choose. */
  readonly asked: boolean;
}

/** Those of a file; variables that are declared nowhere are another mistake. */
export function openBases(file: Dockerfile): OpenBase[] {
  const declared = new Map<string, string | undefined>(file.globals);
  for (const name of platformArgs) if (!declared.has(name)) declared.set(name, "x");
  return file.stages.flatMap(({ image }) => {
    if (image === undefined || !image.raw.includes("$")) return [];
    if (unsetIn(image.raw, declared, file.escape).length > 0) return [];
    let name: string;
    try {
      name = expandWord(image.raw, (one) => declared.get(one), file.escape);
    } catch {
      return [];
    }
    if (isImage(name) || file.stages.some((stage) => stage.name === name.toLowerCase())) return [];
    return [{ image, name, asked: name === "" && /^"?\$(?:\w+|\{\w+\})"?$/.test(image.raw) }];
  });
}

function isImage(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch {
    return false;
  }
}
