import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { TarMember } from "../src/tar/writer.ts";

/** What a build does to files that it copies in: `edit` may change one, and all get the time of the build. */
export interface Copying {
  time: Date;
  /** Folders (relative to `from`) that are left out. */
  without?: readonly string[];
  /** Gives a file new content, or undefined to leave it as it is. */
  edit?(path: string, text: () => string): string | undefined;
}

/** The files below the folder `from` as members of a layer, at `to`, as `COPY from to` would add them. */
export function copyFolder(from: string, to: string, copying: Copying): TarMember[] {
  const members: TarMember[] = [];
  const mtime = Math.floor(copying.time.getTime() / 1000);
  const walk = (relative: string): void => {
    for (const name of readdirSync(join(from, relative)).toSorted()) {
      const path = join(relative, name);
      if (copying.without?.includes(path) === true) continue;
      const source = join(from, path);
      const stat = lstatSync(source);
      const common = { path: join(to, path), mode: stat.mode & 0o7777, mtime };
      if (stat.isDirectory()) {
        members.push({ ...common, type: "directory", size: 0 });
        walk(path);
      } else if (stat.isSymbolicLink()) {
        members.push({ ...common, type: "symlink", size: 0, linkPath: readlinkSync(source) });
      } else if (stat.isFile()) {
        const edited = copying.edit?.(path, () => readFileSync(source, "utf8"));
        const bytes = edited === undefined ? undefined : Buffer.from(edited);
        if (bytes === undefined)
          members.push({
            ...common,
            size: stat.size,
            open: () => createReadStream(source, { highWaterMark: 1 << 20 }),
          });
        else members.push({ ...common, size: bytes.length, bytes });
      }
    }
  };
  walk(".");
  return members;
}
