import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";

/** A file of a commit. */
interface Entry {
  path: string;
  size: number;
  object: string;
}

/** A repository that lies on this disk: as git keeps it, without need of a work tree, or as plain files. */
export interface Mirror {
  /** The commit; of plain files what follows the `@` of their folder's name, as in Go's `buildkit@v0.33.0`. */
  commit: string;
  entries(): Entry[];
  /** The files' bytes, in their order. */
  read(entries: readonly { object: string }[]): Buffer[];
}

/**
 * Opens `owner/name` in a folder of mirrors: `owner+name/repo`, `owner/name` or `owner/name.git`, each a git directory, a clone or a
 * folder of plain files, which has no other commits. Undefined where it is not there.
 */
export function openMirror(folder: string, repository: string, commit = "HEAD"): Mirror | undefined {
  const path = [repository.replace("/", "+").concat("/repo"), repository, `${repository}.git`]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (path === undefined) return undefined;
  if (![".git", "HEAD"].some((name) => existsSync(join(path, name))))
    return commit === "HEAD" ? openFolder(realpathSync(path)) : undefined;
  const git = (args: readonly string[], input?: string): Buffer =>
    execFileSync("git", ["-C", path, ...args], {
      maxBuffer: 2 ** 31,
      ...(input === undefined ? {} : { input }),
    });
  const resolved = git(["rev-parse", `${commit}^{commit}`])
    .toString()
    .trim();
  return {
    commit: resolved,
    entries: () =>
      git(["ls-tree", "-r", "-l", "-z", resolved])
        .toString()
        .split("\0")
        .flatMap((row) => {
          const [, mode, type, object, size, path] =
            /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t([^]*)$/.exec(row) ?? [];
          if (type !== "blob" || mode === "120000" || object === undefined || path === undefined) return [];
          return [{ path, object, size: Number(size) }];
        }),
    read(entries) {
      const all = git(["cat-file", "--batch"], entries.map(({ object }) => `${object}\n`).join(""));
      const texts: Buffer[] = [];
      for (let at = 0; at < all.length; ) {
        const end = all.indexOf(10, at);
        const size = Number(all.toString("latin1", at, end).split(" ")[2]);
        texts.push(all.subarray(end + 1, end + 1 + size));
        at = end + size + 2;
      }
      return texts;
    },
  };
}

function openFolder(path: string): Mirror {
  return {
    commit: basename(path).replace(/^.*@/, ""),
    entries: () =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => {
          const object = join(one.parentPath, one.name);
          return { path: relative(path, object), size: statSync(object).size, object };
        }),
    read: (entries) => entries.map(({ object }) => readFileSync(object)),
  };
}
