import { existsSync } from "node:fs";
import type { ProjectFiles } from "../../src/scaffold/project.ts";
import { asProjectFiles } from "../../src/scaffold/project-files.ts";
import { openMirror } from "../lint/mirror.ts";

/** The files of a repository as a detector sees them, out of a mirror; undefined where that is not on this disk. */
export function mirroredFiles(
  mirrors: string,
  repository: string,
  commit: string | undefined,
): { files: ProjectFiles; commit: string } | undefined {
  if (!existsSync(mirrors)) return undefined;
  const mirror = openMirror(mirrors, repository, commit);
  if (mirror === undefined) return undefined;
  const entries = mirror.entries().slice(0, 50_000);
  const objects = new Map(entries.map((entry) => [entry.path, entry]));
  const files = asProjectFiles(entries, (path) => {
    const entry = objects.get(path);
    return (entry && mirror.read([entry])[0]) ?? Buffer.alloc(0);
  });
  return { files, commit: mirror.commit };
}
