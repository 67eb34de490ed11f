import { hexOf } from "../../oci/digest.ts";
import { CommandFailure, type EngineCommand, runCommand, streamCommand } from "../image-files/command.ts";
import type { PlaceContext } from "../place.ts";
import { type PodmanClient, type PodmanImage, readIds, readInfo, readInspected } from "./client.ts";

/** Podman through its own program: it needs no service that runs. */
export function podmanCommand({ env, tempDir }: PlaceContext): PodmanClient {
  const command: EngineCommand = { engine: "Podman", program: "podman", options: [], env };
  // What it copies to its temporary folder it does not remove when it is stopped.
  const copying: EngineCommand = { ...command, tempDir };
  const json = async (args: string[]): Promise<unknown> =>
    JSON.parse((await runCommand(command, args)).toString());

  const inspectAll = async (names: string[]): Promise<PodmanImage[]> => {
    if (names.length === 0) return [];
    const list = await json(["image", "inspect", "--", ...names]);
    return Array.isArray(list) ? list.map(readInspected) : [];
  };
  const inspect = async (name: string): Promise<PodmanImage | undefined> => {
    try {
      return (await inspectAll([name]))[0];
    } catch (error) {
      if (error instanceof CommandFailure && isUnknown(error.said)) return undefined;
      throw error;
    }
  };
  return {
    async info() {
      // A remote client has the same name; then the folders are another machine's, and their content will not fit.
      return readInfo(await json(["info", "--format", "json"]), true);
    },
    async list() {
      const ids = readIds(await json(["images", "--format", "json"]));
      try {
        return await inspectAll(ids);
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        // One image that was removed meanwhile, or that is damaged, must not hide the others.
        const found: PodmanImage[] = [];
        for (const id of ids) found.push(...(await inspectAll([id]).catch(() => [])));
        return found;
      }
    },
    inspect,
    save: (id) => streamCommand(copying, ["save", "--quiet", "--format", "docker-archive", "--", hexOf(id)]),
    async load(archive, signal) {
      await runCommand(copying, ["load", "--quiet"], { input: archive, signal });
    },
  };
}

function isUnknown(said: string): boolean {
  return /image not known|no such image|not found in local storage/i.test(said);
}
