import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { DdiffError, isDdiffError, systemErrorCode } from "../../util/errors.ts";
import { splitPath } from "../named-blobs.ts";
import type { PlaceContext } from "../place.ts";
import type { Usage, UsageOptions } from "./usage.ts";

type Reader = (context: PlaceContext, options: UsageOptions) => Promise<Usage>;

/** Imported when they are needed, as places are. */
const engines: Readonly<Record<string, Reader>> = {
  "docker-daemon:": async (...given) => (await import("./docker.ts")).dockerUsage(...given),
  "containers-storage:": async (...given) => (await import("./podman.ts")).podmanUsage(...given),
  "containerd:": async (context) => (await import("./containerd.ts")).containerdUsage(context),
};

/**
 * What a place keeps: an engine (`docker-daemon:`), a registry (`docker://HOST`), a layout (`oci:FOLDER`), or a folder that one of them keeps
 * its images in. Throws `PLACE_UNKNOWN`, `PLACE_INVALID`, `FILE_MISSING`, `FOLDER_DENIED` and what the places throw.
 */
export async function readUsage(text: string, context: PlaceContext, options: UsageOptions): Promise<Usage> {
  const engine = engines[text];
  if (engine !== undefined) return await engine(context, options);
  if (text.startsWith("docker://"))
    return (await import("./registry.ts")).registryUsage(text.slice("docker:".length), context);
  const path = text.startsWith("oci:") ? wholeLayout(text) : text;
  try {
    return await readFolder(path, text, context, options);
  } catch (error) {
    if (!["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) throw error;
    throw new DdiffError("FOLDER_DENIED", `You may not read all of ${path}`, {
      hint: "Run the command as its owner or as root.",
      cause: error,
    });
  }
}

/** What all engines of this machine keep. Throws `ENGINE_MISSING`; an engine that is there and cannot be read is named in the notes. */
export async function readEngines(
  context: PlaceContext,
  options: UsageOptions,
): Promise<{ usages: Usage[]; notes: string[] }> {
  const usages: Usage[] = [];
  const notes: string[] = [];
  const failures: DdiffError[] = [];
  for (const [name, read] of Object.entries(engines)) {
    try {
      usages.push(await read(context, options));
    } catch (error) {
      context.signal?.throwIfAborted();
      if (!isDdiffError(error)) throw error;
      failures.push(error);
      if (error.code !== "ENGINE_UNREACHABLE") notes.push(`${name} is left out: ${error.message}`);
    }
  }
  if (usages.length > 0) return { usages, notes };
  const denied = failures.find(({ code }) => code !== "ENGINE_UNREACHABLE");
  if (denied !== undefined) throw denied;
  throw new DdiffError("ENGINE_MISSING", "Neither Docker nor Podman nor containerd answers on this machine", {
    hint: "Start one of them, or name a place: oci:FOLDER, docker://HOST, or a folder that an engine or a registry keeps its images in.",
    cause: new AggregateError(failures, failures.map(({ message }) => message).join("; ")),
  });
}

function wholeLayout(text: string): string {
  const { path, name } = splitPath(text.slice("oci:".length), "oci");
  if (name === undefined) return path;
  throw new DdiffError("PLACE_INVALID", `du looks at a layout as a whole, and ${text} is one image of it`, {
    hint: `Write oci:${path}; for one image there is ddiff analyze.`,
    exitStatus: 2,
  });
}

async function readFolder(
  path: string,
  text: string,
  context: PlaceContext,
  options: UsageOptions,
): Promise<Usage> {
  const folder = resolve(path);
  const isThere = async (name: string): Promise<boolean> => {
    try {
      return (await lstat(`${folder}/${name}`)).isFile();
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return false;
      throw error;
    }
  };
  if (text.startsWith("oci:") || (await isThere("oci-layout")))
    return (await import("./layout.ts")).layoutUsage(folder, context);
  const { registryFolderUsage, registryFormOf } = await import("./registry-folder.ts");
  const form = await registryFormOf(folder);
  if (form !== undefined) return registryFolderUsage(folder, form, context);
  const [{ storageDriver }, { storageFolderUsage }] = await Promise.all([
    import("./podman-store.ts"),
    import("./podman.ts"),
  ]);
  const driver = await storageDriver(folder);
  if (driver !== undefined) return storageFolderUsage(folder, driver, context, options);
  if ((await lstat(folder).catch(() => undefined)) === undefined)
    throw new DdiffError("FILE_MISSING", `there is no folder ${path}`, {
      hint: "Places are engines (docker-daemon:, containers-storage:, containerd:), docker://HOST, oci:FOLDER and folders of storage.",
      exitStatus: 2,
    });
  throw new DdiffError("PLACE_UNKNOWN", `${path} is nothing that du can count`, {
    hint: "It counts engines (docker-daemon:, containers-storage:, containerd:), registries (docker://HOST), layouts (oci:FOLDER), and the storage folders of Podman and of registries.",
    exitStatus: 2,
  });
}
