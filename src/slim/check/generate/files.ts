import type { InventoryEntry } from "../../../inspect/inventory.ts";
import type { WrittenChecklist } from "../checklist.ts";
import { modeText } from "../file-mode.ts";
import type { CheckedImage } from "../image.ts";
import { lookAtOwners } from "../looks/files.ts";
import { libraryProblems } from "../looks/libraries.ts";
import { danglingLinks } from "../looks/links.ts";
import { lookAtWritable } from "../looks/writable.ts";
import { findUser } from "../users.ts";
import { onPath } from "./find-programs.ts";

/** Folders that belong to everybody. */
const common = new Set(["tmp", "var/tmp"]);

/**
 * Tests of files, which need nothing to run. What is wrong already with links and libraries stands there as an exception, so that only
 * more of it fails.
 */
export function fileTests(image: CheckedImage): Partial<WrittenChecklist> {
  return {
    fileExistenceTests: modeTests(image),
    ownerTests: homeTests(image),
    writableTests: writableTests(image),
    linkTests: [{ name: "links lead somewhere", except: danglingLinks(image.tree).map(({ path }) => path) }],
    libraryTests: [
      {
        name: "libraries are found",
        except: libraryProblems(image)
          .filter(({ kind }) => kind !== "elsewhere")
          .map(({ file, needs }) => `${file}: ${needs}`)
          .sort(),
      },
    ],
    uniqueTests:
      onPath(image, "quarto") === undefined ? [] : [{ name: "Quarto is there once", program: "quarto" }],
  };
}

/** Programs with set-user-id or set-group-id, and folders for everybody: their modes are what they work by. */
function modeTests({ tree }: CheckedImage): WrittenChecklist["fileExistenceTests"] {
  return [...tree.view.visible]
    .filter(
      ([path, { entry }]) =>
        (entry.type === "file" && (entry.mode & 0o6000) !== 0) ||
        (entry.type === "directory" && common.has(path)),
    )
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, { entry }]) => ({
      name: `owner and mode of /${path}`,
      path: `/${path}`,
      permissions: modeText(entry.type, entry.mode),
      uid: String(entry.uid),
      gid: String(entry.gid),
    }));
}

/** The folders that the image's user works in belong to whom they belong, with all that is in them where that is so now. */
function homeTests(image: CheckedImage): WrittenChecklist["ownerTests"] {
  return workFolders(image).flatMap((path) => {
    const entry: InventoryEntry | undefined = image.tree.find(path)?.placed?.entry;
    if (entry?.type !== "directory") return [];
    const owner = { name: `owner of ${path}`, path, uid: entry.uid, gid: entry.gid };
    const all = { ...owner, recursive: true, permissions: "", except: [] };
    const recursive = lookAtOwners(all, image).outcome === "passed" ? { recursive: "true" } : {};
    return [{ ...owner, uid: String(entry.uid), gid: String(entry.gid), ...recursive }];
  });
}

function writableTests(image: CheckedImage): WrittenChecklist["writableTests"] {
  const paths = [...workFolders(image), "/tmp"].filter(
    (path) => lookAtWritable({ name: "", paths: [path], user: "" }, image).outcome === "passed",
  );
  return paths.length === 0 ? [] : [{ name: "folders that the user may write to", paths }];
}

/** Home, working folder and volumes, those that are there. */
function workFolders({ tree, run }: CheckedImage): string[] {
  const home = findUser(tree, run.user)?.home ?? "/";
  const paths = [home, run.workingDir, ...run.volumes].filter((path) => path !== "" && path !== "/");
  return [...new Set(paths)].filter((path) => tree.find(path) !== undefined).sort();
}
