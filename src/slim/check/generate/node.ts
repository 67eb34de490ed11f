import type { CheckedImage } from "../image.ts";
import { isProgram, onPath } from "./find-programs.ts";

/** A folder from which Node.js finds packages. */
export interface NodePlace {
  interpreter: string;
  /** Holds node_modules; with `/` in front. */
  folder: string;
  packages: string[];
}

const record = /^(?:(.*?)\/)?node_modules\/((?:@[^/]+\/)?[^/@.][^/]*)\/package\.json$/;

/** The outermost packages of each node_modules, by its folder. Those that only hold types cannot be imported and are passed over. */
export function findNodes(image: Pick<CheckedImage, "tree" | "run">): NodePlace[] {
  const { tree } = image;
  const first = onPath(image, "node") ?? onPath(image, "nodejs");
  const found = new Map<string, Set<string>>();
  for (const path of tree.view.visible.keys()) {
    if (!path.endsWith("/package.json")) continue;
    const [, folder = "", name = ""] = record.exec(path) ?? [];
    const isInner = /(?:^|\/)node_modules(?:\/|$)/.test(folder);
    if (name === "" || isInner || name.startsWith("@types/")) continue;
    found.set(folder, (found.get(folder) ?? new Set()).add(name));
  }
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([folder, packages]) => {
      const own = `/${folder.replace(/(?:^|\/)lib$/, "")}/bin/node`.replaceAll("//", "/");
      const interpreter = isProgram(tree, own) ? own : first;
      return interpreter === undefined
        ? []
        : [{ interpreter, folder: `/${folder}`, packages: [...packages].sort() }];
    });
}
