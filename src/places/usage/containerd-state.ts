import { z } from "zod";
import type { Ctr } from "../containerd/ctr.ts";

/** A snapshot of a snapshotter: a layer unpacked on those below it, or what a container writes to. */
export interface Snapshot {
  snapshotter: string;
  key: string;
  /** "" for a bottom layer. */
  parent: string;
  /** As containerd counted it: allocated bytes. A layer's was counted when it was unpacked. */
  disk: number;
}

/** A container whose files are snapshots of containerd. */
export interface ContainerdContainer {
  id: string;
  name: string;
  image: string;
  snapshotter: string;
  /** Its own ones, by their keys, the topmost first. */
  snapshots: string[];
  running: boolean;
}

const containerSchema = z.looseObject({
  ID: z.string(),
  Image: z.string().default(""),
  Snapshotter: z.string().default(""),
  SnapshotKey: z.string().default(""),
});

/** All snapshots of the namespace, of every snapshotter that works. */
export async function readSnapshots(ctr: Ctr): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for (const snapshotter of await workingSnapshotters(ctr)) {
    const of = ["snapshots", "--snapshotter", snapshotter];
    const sizes = new Map(
      rows(await ctr.ask([...of, "usage", "-b"])).map(([key = "", size]) => [key, Number(size)]),
    );
    for (const [key = "", ...rest] of rows(await ctr.ask([...of, "ls"]))) {
      const parent = rest.length > 1 ? (rest[0] ?? "") : "";
      found.push({ snapshotter, key, parent, disk: sizes.get(key) ?? 0 });
    }
  }
  return found;
}

/** All containers of the namespace. One that vanishes meanwhile is left out. */
export async function readContainers(ctr: Ctr): Promise<ContainerdContainer[]> {
  const tasks = new Map(rows(await ctr.ask(["tasks", "ls"])).map(([id = "", , status]) => [id, status]));
  const found: ContainerdContainer[] = [];
  for (const id of (await ctr.ask(["containers", "ls", "--quiet"])).split("\n")) {
    if (id === "") continue;
    const text = await ctr.ask(["containers", "info", id]).catch(() => undefined);
    const parsed = text === undefined ? undefined : containerSchema.safeParse(JSON.parse(text)).data;
    if (parsed === undefined) continue;
    found.push({
      id: parsed.ID,
      name: parsed.ID,
      image: parsed.Image,
      snapshotter: parsed.Snapshotter,
      snapshots: [parsed.SnapshotKey],
      running: tasks.get(id) === "RUNNING",
    });
  }
  return found;
}

async function workingSnapshotters(ctr: Ctr): Promise<string[]> {
  return rows(await ctr.ask(["plugins", "ls"]))
    .filter(([type, , , status]) => type === "io.containerd.snapshotter.v1" && status === "ok")
    .map(([, id = ""]) => id);
}

/** The rows of a table without its head. No column that is read here has blanks. */
function rows(table: string): string[][] {
  return table
    .split("\n")
    .slice(1)
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/\s+/));
}
