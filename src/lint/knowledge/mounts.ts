import type { Dockerfile, Flag, Instruction } from "../../dockerfile/document.ts";
import { expandKnown } from "../../dockerfile/stage-state.ts";

/** A `RUN --mount`. */
export interface Mount {
  /** `bind` where none is written. */
  readonly type: string;
  /** Absolute, without a slash at its end; undefined where it cannot be known. */
  readonly target: string | undefined;
  /** All fields by name, lower case; `true` for those without a value. */
  readonly fields: ReadonlyMap<string, string | true>;
  readonly flag: Flag;
}

/** The mounts of a RUN, variables put in as far as they are known. */
export function mountsOf(file: Dockerfile, instruction: Instruction): Mount[] {
  const state = file.before(instruction);
  return (instruction.trigger ?? instruction).flags.flatMap((flag) => {
    if (flag.name !== "mount" || flag.value === undefined) return [];
    const fields = new Map<string, string | true>();
    for (const field of flag.value.split(",")) {
      const equals = field.indexOf("=");
      const name = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
      fields.set(name, equals < 0 ? true : field.slice(equals + 1));
    }
    const type = fields.get("type");
    const written = fields.get("target") ?? fields.get("destination") ?? fields.get("dst");
    const target =
      typeof written === "string" ? expandKnown(written, state.variables, file.escape) : undefined;
    return [
      {
        type: typeof type === "string" ? type : "bind",
        target: target === undefined ? undefined : absolute(target, state.workdir),
        fields,
        flag,
      },
    ];
  });
}

function absolute(path: string, workdir: string | undefined): string | undefined {
  const cleaned = path.replace(/\/+$/, "") || "/";
  if (cleaned.startsWith("/")) return cleaned;
  return workdir === undefined ? undefined : `${workdir.replace(/\/+$/, "")}/${cleaned}`;
}

/** Whether what a RUN does at a path may be done in a mount, and so in no layer. */
export function isMounted(file: Dockerfile, instruction: Instruction, path: string): boolean {
  return mountsOf(file, instruction).some(({ target }) => target === undefined || isWithin(path, target));
}

/** Whether a path lies in a folder, or is it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
