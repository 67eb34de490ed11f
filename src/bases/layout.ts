/** Where a base lies in an image; on a bare server it is any folder, with the same inside. */
export const baseFolder = "/opt/ddiff";

/** The program of a base, from its folder on. */
export const program = "bin/base.py";

/** Where wheels lie that several torches use. */
export const wheelsFolder = "wheels";

/** Where one of them lies: `wheels/nvidia-nccl-cu12-2.21.5`. */
export function wheelFolder(requirement: string): string {
  return `${wheelsFolder}/${requirement.replace("==", "-")}`;
}

/** Where Pythons lie that the system does not have. Not `python...`: those are the folders of packages. */
export const runtimesFolder = "runtimes";

/** Where the common packages of a Python lie. */
export function commonFolder(python: string): string {
  return `python${python}/common`;
}

/** Where a torch and what goes along lie. */
export function torchFolder(python: string, torch: string): string {
  return `python${python}/torch${torch}`;
}

/** What ends the making of a base: says what it holds, and makes the programs uv_init_torch*, which `programs` gets links to. */
export function finishWords(programs: string | undefined): string[] {
  return ["finish", ...(programs === undefined ? [] : ["--programs", programs])];
}
