import { DdiffError } from "../../util/errors.ts";
import type { Builder } from "./builder.ts";
import { type BuildFlags, isSet, lastOf } from "./flags.ts";

/** Where a build puts its image, and what ddiff adds to the arguments to find it there. */
export interface BuildResult {
  /** Places of the image under each of its tags; empty where it has none and `idFile` tells its ID. */
  images: string[];
  /** The file into which the builder writes the image's ID. */
  idFile?: string;
  /** Put before the user's own arguments. */
  extra: string[];
}

/**
 * Finds out from the arguments where the image will be. Without a tag its ID is asked for with `--iidfile`; `docker buildx build` gets `--load`
 * where nothing says where the image goes, since some of its drivers keep it in their cache otherwise. Throws `BUILD_NO_IMAGE`.
 */
export function findResult(builder: Builder, flags: BuildFlags, ownIdFile: string): BuildResult {
  refuseWithoutImage(builder, flags);
  const tags = (flags.values.get("tag") ?? []).filter((tag) => tag !== "");
  const exported = outputPlace(flags);
  if (exported !== undefined) return { images: [exported], extra: [] };
  const inRegistry =
    isSet(flags, "push") ||
    outputs(flags).some((one) => one.get("type") === "registry" || one.get("push") === "true");
  const silent = !inRegistry && outputs(flags).length === 0 && !isSet(flags, "load");
  const several = (flags.values.get("platform") ?? []).join(",").includes(",");
  // Several platforms cannot be loaded into Docker's older image store; there the user has to say where they go.
  const extra = builder.kind === "buildx" && silent && !several ? ["--load"] : [];
  if (tags.length > 0) {
    return {
      images: tags.map((tag) =>
        inRegistry && !isSet(flags, "load") ? `docker://${tag}` : `${builder.transport}:${tag}`,
      ),
      extra,
    };
  }
  const given = lastOf(flags, "iidfile");
  if (given !== undefined && given !== "") return { images: [], idFile: given, extra };
  return { images: [], idFile: ownIdFile, extra: [...extra, "--iidfile", ownIdFile] };
}

function refuseWithoutImage(builder: Builder, flags: BuildFlags): void {
  const call = lastOf(flags, "call");
  const lints = isSet(flags, "check") || (call !== undefined && call !== "" && call !== "build");
  const files = outputs(flags).find((one) => ["local", "tar", "cacheonly"].includes(one.get("type") ?? ""));
  if (!lints && files === undefined && !isSet(flags, "help")) return;
  const why = isSet(flags, "help") ? "--help" : lints ? "a check" : `--output type=${files?.get("type")}`;
  throw new DdiffError(
    "BUILD_NO_IMAGE",
    `${builder.command.join(" ")} with ${why} makes no image to compare`,
    {
      hint: `Call "${builder.command.join(" ")}" itself, without ddiff.`,
      exitStatus: 2,
    },
  );
}

/** `--output type=oci,dest=FILE` and its like. A bare path means files, `type=local` or, for `-`, `type=tar`. */
function outputs(flags: BuildFlags): Map<string, string>[] {
  return (flags.values.get("output") ?? [])
    .filter((text) => text !== "")
    .map((text) => {
      if (!text.includes("="))
        return new Map([
          ["type", text === "-" ? "tar" : "local"],
          ["dest", text],
        ]);
      return new Map(
        text.split(",").map((pair): [string, string] => {
          const equals = pair.indexOf("=");
          return equals < 0
            ? [pair, ""]
            : [pair.slice(0, equals).trim().toLowerCase(), pair.slice(equals + 1)];
        }),
      );
    });
}

/** The place of an image that is exported to a file or folder. */
function outputPlace(flags: BuildFlags): string | undefined {
  for (const one of outputs(flags)) {
    const dest = one.get("dest");
    if (dest === undefined || dest === "" || dest === "-") continue;
    if (one.get("type") === "docker") return `docker-archive:${dest}`;
    if (one.get("type") === "oci") return one.get("tar") === "false" ? `oci:${dest}` : `oci-archive:${dest}`;
  }
  return undefined;
}
