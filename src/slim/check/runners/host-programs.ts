import { accessSync, constants } from "node:fs";

/** Only here: a namespace of ours has these folders, and nobody else can write to them. */
const folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/** The path of a program of this system, or undefined. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
