import type { ProjectFiles } from "../../project.ts";
import { purposeOfFile } from "./purpose.ts";
import type { Ranked } from "./ranked.ts";

/** Scripts of R in the project's folder. */
export function scriptsOfR(files: ProjectFiles, base: string): Ranked[] {
  return files.list.flatMap(({ path }): Ranked[] => {
    const inside = path.startsWith(base) ? path.slice(base.length) : "/";
    const name = /^([\w-]+)\.[Rr]$/.exec(inside)?.[1];
    if (name === undefined || /^(?:install|app|server|ui|global|requirements)$/i.test(name)) return [];
    return [
      {
        purpose: purposeOfFile(name) ?? "other",
        command: ["Rscript", inside],
        from: { file: path, says: "is a script of R" },
        rank: 3,
      },
    ];
  });
}
