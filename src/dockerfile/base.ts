import { parseReference } from "../oci/reference.ts";
import { DdiffError } from "../util/errors.ts";
import { expandWord } from "./expand.ts";
import type { Instruction } from "./document.ts";
import { cutFile } from "./read-instructions.ts";
import { indexLines } from "./text.ts";

/** What decides the base besides the Dockerfile's text: all of it comes from the builder's command line. */
export interface BaseOptions {
  /** How errors call the file. */
  file?: string;
  /** `--target`: a stage's name or number. */
  target?: string | undefined;
  /** `--build-arg`. */
  buildArgs?: ReadonlyMap<string, string>;
  /** `--platform` of the build, `linux/arm64/v8`: the builder's own TARGETARCH and friends. */
  platform?: string | undefined;
  /** `--build-context NAME=VALUE`: replaces an image or a stage of that name. */
  contexts?: ReadonlyMap<string, string>;
  /** `--from` of Podman and Buildah: replaces the first FROM. */
  from?: string | undefined;
}

/** Where the last stage's chain of FROMs ends. */
export type Base =
  | { kind: "image"; image: string }
  | { kind: "scratch" }
  /** A named context that is not an image of a registry: `oci-layout://...`, a folder, a URL. */
  | { kind: "context"; name: string; value: string };

interface Stage {
  name: string | undefined;
  image: string;
  instruction: Instruction;
}

const largestFile = 4 * 1024 * 1024;

/**
 * The image that a build of this Dockerfile really stands on: the FROM of the target stage, followed through the stages it names,
 * with the global ARGs and their overrides put in. Throws `DOCKERFILE_INVALID`, `TARGET_MISSING`.
 */
export function findBase(text: string, options: BaseOptions = {}): Base {
  const file = options.file ?? "the Dockerfile";
  if (text.length > largestFile) {
    throw new DdiffError("DOCKERFILE_INVALID", `${file} is larger than 4 MiB`, { hint: baseHint });
  }
  const stages = readStages(text, file, options);
  let at = targetIndex(stages, options.target, file);
  for (;;) {
    const stage = stages[at];
    if (stage === undefined)
      throw new DdiffError("DOCKERFILE_INVALID", `${file} has no FROM`, { hint: baseHint });
    const replaced = stage.name === undefined ? undefined : named(options.contexts, stage.name);
    if (replaced !== undefined) return replaced;
    // BuildKit takes the nearest earlier stage of that name; a stage never refers to itself or to a later one.
    const earlier = stages.findLastIndex(
      (other, index) => index < at && other.name === stage.image.toLowerCase(),
    );
    if (earlier < 0) return named(options.contexts, stage.image) ?? imageBase(stage, file);
    at = earlier;
  }
}

const baseHint = "Correct it, or name the base with --base.";

function readStages(text: string, file: string, options: BaseOptions): Stage[] {
  const { escape, instructions } = cutFile(text, indexLines(text));
  const globals = platformArgs(options.platform);
  for (const [name, value] of options.buildArgs ?? []) if (globals.has(name)) globals.set(name, value);
  const lookup = (name: string) => globals.get(name);
  const stages: Stage[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === "ARG" && stages.length === 0) {
      for (const { raw } of instruction.words) {
        const equals = raw.indexOf("=");
        const name = equals < 0 ? raw : raw.slice(0, equals);
        const given = options.buildArgs?.get(name);
        if (given !== undefined) globals.set(name, given);
        else if (equals >= 0) globals.set(name, expandWord(raw.slice(equals + 1), lookup, escape));
      }
    } else if (instruction.keyword === "FROM") {
      stages.push(readStage(instruction, file, lookup, escape));
      const first = stages[0];
      if (stages.length === 1 && first !== undefined && options.from !== undefined)
        first.image = options.from;
    }
  }
  return stages;
}

function readStage(
  instruction: Instruction,
  file: string,
  lookup: (name: string) => string | undefined,
  escape: string,
): Stage {
  const words = instruction.body.text.split(/\s+/).filter((word) => word !== "");
  const [image, as, name] = words;
  const named = words.length === 3 && as?.toLowerCase() === "as";
  if (image === undefined || (words.length !== 1 && !named)) {
    throw new DdiffError(
      "DOCKERFILE_INVALID",
      `line ${instruction.line} of ${file} is not a FROM that a builder accepts`,
      {
        hint: 'Write "FROM image" or "FROM image AS name", or name the base with --base.',
      },
    );
  }
  return { image: expandWord(image, lookup, escape), name: name?.toLowerCase(), instruction };
}

function targetIndex(stages: Stage[], target: string | undefined, file: string): number {
  if (target === undefined || target === "") return stages.length - 1;
  const byName = stages.findLastIndex((stage) => stage.name === target.toLowerCase());
  if (byName >= 0) return byName;
  const number = /^\d{1,5}$/.test(target) ? Number(target) : stages.length;
  if (number < stages.length) return number;
  const names = stages.flatMap((stage) => stage.name ?? []);
  throw new DdiffError("TARGET_MISSING", `${file} has no stage ${JSON.stringify(target)}`, {
    hint: names.length === 0 ? "None of its stages has a name." : `Its stages are ${names.join(", ")}.`,
  });
}

function imageBase(stage: Stage, file: string): Base {
  if (stage.image === "scratch") return { kind: "scratch" };
  try {
    parseReference(stage.image);
  } catch (cause) {
    const { line, body } = stage.instruction;
    throw new DdiffError(
      "DOCKERFILE_INVALID",
      `"FROM ${body.text}" (line ${line} of ${file}) gives no image name: ${JSON.stringify(stage.image)}`,
      { hint: "Give its variables a value with --build-arg, or name the base with --base.", cause },
    );
  }
  return { kind: "image", image: stage.image };
}

/** The named context of an image or stage; names are compared as Docker shortens them. */
function named(contexts: ReadonlyMap<string, string> | undefined, name: string): Base | undefined {
  for (const [key, value] of contexts ?? []) {
    if (shortened(key) !== shortened(name)) continue;
    const image = /^docker-image:\/\/(.+)$/.exec(value)?.[1];
    return image === undefined ? { kind: "context", name: key, value } : { kind: "image", image };
  }
  return undefined;
}

function shortened(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(?:index\.)?docker\.io\//, "")
    .replace(/^library\//, "")
    .replace(/:latest$/, "");
}

/** The ARGs that BuildKit defines by itself; the machine that builds counts as the target where no platform is asked for. */
function platformArgs(platform: string | undefined): Map<string, string> {
  const host = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
  const args = new Map<string, string>();
  for (const [prefix, value] of [
    ["TARGET", platform ?? host],
    ["BUILD", host],
  ] as const) {
    const [os = "", architecture = "", variant = ""] = value.split("/");
    args.set(`${prefix}PLATFORM`, value).set(`${prefix}OS`, os);
    args.set(`${prefix}ARCH`, architecture).set(`${prefix}VARIANT`, variant);
  }
  return args;
}
