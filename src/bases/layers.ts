import { posix } from "node:path";
import { baseFolder } from "./layout.ts";

/** The date of every file of a part, in seconds since 1970: 1980-01-01, as the base's program has it. The same parts make the same layers on each day. */
export const layerDate = 315_532_800;

/**
 * Where a stage lays a part of the base, with the folders above it. `COPY` of this to `/` finds them there: BuildKit dates folders that it
 * has to make by the clock, and a layer made tomorrow would be another.
 */
export function layerFolder(stage: string): string {
  return `/layer/${stage}`;
}

/** Commands that move `/opt/ddiff/PART` there, and give all of it its date. */
export function layerCommands(stage: string, part: string): string[] {
  const layer = layerFolder(stage);
  const path = `${baseFolder}/${part}`;
  const parent = `${layer}${posix.dirname(path)}`;
  return [
    `install -d ${parent}`,
    `mv ${path} ${parent}/`,
    `find ${layer} -exec touch --no-dereference --date=@${layerDate} {} +`,
  ];
}
