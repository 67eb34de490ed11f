import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Base, findBase } from "../../dockerfile/base.ts";
import { DdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
import type { Builder } from "./builder.ts";
import { type BuildFlags, lastOf, pairsOf } from "./flags.ts";

/** The base of a build, and the Dockerfile's text where it came from standard input and has to be passed on. */
export interface BuildBase {
  /** Places or names of images; empty for `FROM scratch`. */
  bases: string[];
  standardInput?: Buffer;
}

/** What finding the base needs from outside. */
export interface BaseSearch {
  env: Record<string, string | undefined>;
  /** Reads standard input to its end. */
  readStandardInput(): Promise<Buffer>;
}

/**
 * Finds the Dockerfile that the builder will use and reads its base. Throws `BASE_UNKNOWN` where the file cannot be seen from here
 * (a context that is a URL, an archive or standard input), `DOCKERFILE_MISSING`, and what `findBase` throws.
 */
export async function baseOfBuild(
  builder: Builder,
  flags: BuildFlags,
  search: BaseSearch,
): Promise<BuildBase> {
  const file = await findDockerfile(builder, flags, search);
  const base = findBase(file.bytes.toString("utf8"), {
    file: file.label,
    target: lastOf(flags, "target"),
    buildArgs: pairsOf(flags, "build-arg", search.env),
    platform: lastOf(flags, "platform")?.split(",")[0] || undefined,
    contexts: pairsOf(flags, "build-context", {}),
    from: builder.kind === "podman" || builder.kind === "buildah" ? lastOf(flags, "from") : undefined,
  });
  const bases = basePlaces(base, builder);
  return file.fromStandardInput ? { bases, standardInput: file.bytes } : { bases };
}

function basePlaces(base: Base, builder: Builder): string[] {
  if (base.kind === "scratch") return [];
  if (base.kind === "image") return [`${builder.transport}:${base.image}`];
  const layout =
    /^oci-layout:\/\/(.+)$/.exec(base.value)?.[1] ?? /^container-image:\/\/(.+)$/.exec(base.value)?.[1];
  if (layout !== undefined)
    return [base.value.startsWith("oci-layout:") ? `oci:${layout}` : `${builder.transport}:${layout}`];
  throw unknown(`the build context ${base.name}=${base.value} takes the base's place and is not an image`);
}

interface DockerfileText {
  bytes: Buffer;
  label: string;
  fromStandardInput: boolean;
}

async function findDockerfile(
  builder: Builder,
  flags: BuildFlags,
  search: BaseSearch,
): Promise<DockerfileText> {
  const files = flags.values.get("file") ?? [];
  const podmanLike = builder.transport === "containers-storage";
  if (files.length > 1 && podmanLike) throw unknown("several Dockerfiles are joined");
  const file = files.at(-1) || undefined;
  const context = flags.positional.at(-1) ?? (podmanLike ? "." : undefined);
  if (context === undefined) {
    throw new DdiffError("USAGE", `${builder.command.join(" ")} needs a build context`, {
      hint: 'Add the folder, for example ".".',
      exitStatus: 2,
    });
  }
  if (file === "-") {
    return {
      bytes: await search.readStandardInput(),
      label: "the Dockerfile on standard input",
      fromStandardInput: true,
    };
  }
  if (file !== undefined && isRemote(file)) throw unknown(`the Dockerfile ${file} is a URL`);
  if (file?.endsWith(".in") && podmanLike) throw unknown(`${file} goes through the C preprocessor`);
  const folder = await isFolder(context);
  if (!folder && (file === undefined || podmanLike)) {
    if (context === "-") throw unknown("the build context is standard input");
    throw unknown(`the build context ${context} is ${isRemote(context) ? "a URL" : "no folder here"}`);
  }
  for (const path of candidates(builder, file, context)) {
    const bytes = await readOr(path);
    if (bytes !== undefined) return { bytes, label: path, fromStandardInput: false };
  }
  // With a context that is not a folder Docker looks for the file in there.
  if (!folder) throw unknown(`the build context ${context} is not a folder, and ${file} is not here`);
  throw new DdiffError("DOCKERFILE_MISSING", `there is no ${file ?? join(context, "Dockerfile")}`, {
    hint: "Name the file with -f, relative to the current folder.",
  });
}

/** Where each builder looks, in order: `-f` is relative to the current folder; Podman and Buildah then try the context. */
function candidates(builder: Builder, file: string | undefined, context: string): string[] {
  const podmanLike = builder.transport === "containers-storage";
  if (file !== undefined) return podmanLike ? [file, join(context, file)] : [file];
  const names = podmanLike ? ["Containerfile", "Dockerfile"] : ["Dockerfile", "dockerfile"];
  return names.map((name) => join(context, name));
}

function isRemote(text: string): boolean {
  return (
    /^(?:https?|git|ssh|file|docker-image|oci-layout):\/\//.test(text) || /^(?:git@|github\.com\/)/.test(text)
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function readOr(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw new DdiffError("DOCKERFILE_MISSING", `${path} cannot be read: ${messageOf(error)}`, {
      hint: "Check the file's permissions.",
      cause: error,
    });
  }
}

function unknown(why: string): DdiffError {
  return new DdiffError("BASE_UNKNOWN", `the base cannot be found out: ${why}`, {
    hint: "Name the base before the build's arguments: ddiff build --base IMAGE ...",
  });
}
