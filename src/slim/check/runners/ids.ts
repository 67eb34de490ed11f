import { readFile, writeFile } from "node:fs/promises";

/** How users of an image become users of this machine, in a namespace of their own (user_namespaces(7)). */
export type IdMap =
  /** We are root: a range that nobody else has. */
  | { kind: "range"; first: number; count: number }
  /** Only ourselves, as root in there: what else the image has of users is not there. */
  | { kind: "self" };

/** Beyond what systemd gives to containers and to people (https://systemd.io/UIDS-GIDS). */
const range = { first: 1_878_982_656, count: 65_536 };

/** The best map that this user can have. */
export async function findIdMap(): Promise<IdMap> {
  if (process.getuid?.() !== 0) return { kind: "self" };
  // In a container not all are there to be given away.
  const text = await readFile("/proc/self/uid_map", "utf8").catch(() => "");
  return /^\s*0\s+0\s+4294967295\s*$/.test(text) ? { kind: "range", ...range } : { kind: "self" };
}

/** An id of an image as one of this machine; one beyond the range becomes the range's last, which is nobody. */
export function mappedId(map: Extract<IdMap, { kind: "range" }>, id: number): number {
  return map.first + Math.min(Math.max(0, id), map.count - 1);
}

/** Gives the namespace of a process its users. Throws what writing throws: some systems allow no such namespaces. */
export async function writeIdMap(map: IdMap, pid: number): Promise<void> {
  const line = (own: number): string => (map.kind === "range" ? `0 ${map.first} ${map.count}` : `0 ${own} 1`);
  if (map.kind === "self") await writeFile(`/proc/${pid}/setgroups`, "deny");
  await writeFile(`/proc/${pid}/uid_map`, line(process.getuid?.() ?? 0));
  await writeFile(`/proc/${pid}/gid_map`, line(process.getgid?.() ?? 0));
}
