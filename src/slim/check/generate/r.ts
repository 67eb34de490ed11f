import type { CheckedImage } from "../image.ts";
import { isProgram, onPath } from "./find-programs.ts";

/** An R with its packages. */
export interface RPlace {
  /** Rscript, with `/` in front. */
  interpreter: string;
  packages: string[];
}

const description = /^(.*)\/([A-Za-z][A-Za-z0-9.]*)\/DESCRIPTION$/;

/** The Rs of an image with the packages of their libraries, each with the R whose prefix is nearest. */
export function findRs(image: Pick<CheckedImage, "tree" | "run">): RPlace[] {
  const { tree } = image;
  const first = onPath(image, "Rscript");
  const found = new Map<string, Set<string>>();
  for (const path of tree.view.visible.keys()) {
    if (!path.endsWith("/DESCRIPTION")) continue;
    const [, library = "", name = ""] = description.exec(path) ?? [];
    // Sources have no such line, installed packages do.
    if (name === "" || !/^Built:/m.test(tree.text(path) ?? "")) continue;
    const home = /^(.*?)\/?lib(?:64)?\/R(?:\/|$)/.exec(library)?.[1];
    const own = home === undefined ? undefined : `/${home === "" ? "usr" : home}/bin/Rscript`;
    const interpreter = own !== undefined && isProgram(tree, own) ? own : first;
    if (interpreter === undefined) continue;
    const packages = found.get(interpreter) ?? new Set();
    found.set(interpreter, packages.add(name));
  }
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([interpreter, packages]) => ({ interpreter, packages: [...packages].sort() }));
}
