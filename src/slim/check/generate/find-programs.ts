import type { FileTree } from "../../../inspect/file-tree.ts";
import type { CheckedImage } from "../image.ts";
import { defaultPath } from "../runners/runner.ts";

/** Whether a path leads to a file that somebody may execute. */
export function isProgram(tree: FileTree, path: string): boolean {
  const content = tree.find(path)?.placed?.content;
  return content?.type === "file" && (content.mode & 0o111) !== 0;
}

/** The full path of a program that the image's PATH leads to; undefined where it does not. */
export function onPath({ tree, run }: Pick<CheckedImage, "tree" | "run">, name: string): string | undefined {
  return (run.env.get("PATH") ?? defaultPath)
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => `${folder.replace(/\/+$/, "")}/${name}`)
    .find((path) => isProgram(tree, path));
}
