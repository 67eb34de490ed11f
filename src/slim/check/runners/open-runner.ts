import { outgoingImage } from "../../../places/copy.ts";
import { readImage } from "../../../places/image-tree.ts";
import { openPlace } from "../../../places/open.ts";
import type { PlaceContext } from "../../../places/place.ts";
import { formatPlatform } from "../../../oci/platform.ts";
import { DdiffError, isDdiffError } from "../../../util/errors.ts";
import type { CheckedImage } from "../image.ts";
import { findEmulation } from "./emulation.ts";
import { type EngineImage, engineRunner, passingName, removeEngineImage } from "./engine.ts";
import { RunningProcess } from "./process.ts";
import { rootlessRunner } from "./rootless.ts";
import type { Runner } from "./runner.ts";

/** What runs the commands of a checklist; `auto`: whatever can; `none`: nothing, the image is only looked at. */
export const runnerChoices = ["auto", "docker", "podman", "rootless", "none"] as const;
export type RunnerChoice = (typeof runnerChoices)[number];

type Program = EngineImage["program"];

/** A runner, or why there is none. */
export interface OpenedRunner {
  runner: Runner | undefined;
  /** Sentences of those that were asked and cannot; for `none` that this was wished. */
  why: string;
}

/** The names of an engine's images in places begin so. */
const transports: Readonly<Record<Program, string>> = {
  docker: "docker-daemon:",
  podman: "containers-storage:",
};
/** Asks for the system and the architecture on which an engine runs what it is given. */
const questions: Readonly<Record<Program, readonly string[]>> = {
  docker: ["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"],
  podman: ["info", "--format", "{{.Host.OS}}/{{.Host.Arch}}"],
};
/** A daemon that accepts a connection and says nothing must not hold up the others, in seconds. */
const patience = 20;

/**
 * Opens what runs the commands of an image. `auto` takes the engine that holds the image, else Docker, Podman, and last no engine at all
 * (rootless.ts); where none of them can, there is no runner and `why` says so. An image that lies elsewhere is brought to the engine and leaves
 * it with the runner. Throws `RUNNER_FAILED`, `DISK_SPACE` and what bringing and unpacking throw, where one runner was asked for or the disk is full.
 */
export async function openRunner(
  choice: RunnerChoice,
  image: CheckedImage,
  context: PlaceContext,
): Promise<OpenedRunner> {
  if (choice === "none") return { runner: undefined, why: "it was to be looked at only" };
  if (choice !== "auto") return { runner: await openOne(choice, image, context), why: "" };
  const home = holderOf(image);
  const order: Exclude<RunnerChoice, "auto" | "none">[] =
    home === "podman" ? ["podman", "docker", "rootless"] : ["docker", "podman", "rootless"];
  const reasons: string[] = [];
  for (const one of order) {
    try {
      return { runner: await openOne(one, image, context), why: "" };
    } catch (error) {
      context.signal?.throwIfAborted();
      if (!isDdiffError(error) || error.code.startsWith("DISK_")) throw error;
      reasons.push(`${one}: ${error.message}`);
    }
  }
  return { runner: undefined, why: [...new Set(reasons)].join("; ") };
}

async function openOne(
  kind: "docker" | "podman" | "rootless",
  image: CheckedImage,
  context: PlaceContext,
): Promise<Runner> {
  const { platform } = image.image;
  if (platform.os !== "linux") throw cannot(`images for ${formatPlatform(platform)} do not run here`);
  if (kind !== "rootless") return openEngine(kind, image, context);
  const emulation = await findEmulation(platform);
  if (emulation.kind === "missing") throw cannot(emulation.why);
  return rootlessRunner(image, emulation.kind === "own" ? emulation.line : "", context);
}

async function openEngine(program: Program, image: CheckedImage, context: PlaceContext): Promise<Runner> {
  const { env } = context;
  const answer = await new RunningProcess(program, questions[program], { env }).limit(patience).ended;
  if (answer.unstarted !== undefined) throw cannot(`the program ${program} is not installed`);
  const [, system, architecture] = /^([a-z]+)\/([a-z0-9_]+)\s*$/.exec(answer.stdout) ?? [];
  if (answer.status !== 0 || system === undefined || architecture === undefined)
    throw cannot(answer.stderr.trim().split("\n").at(-1) || `${program} does not answer`);
  const emulation = await findEmulation(image.image.platform, architecture);
  if (emulation.kind === "missing") throw cannot(emulation.why);
  if (emulation.kind === "own")
    throw cannot(`${emulation.name} is not registered with binfmt_misc, so ${program} cannot use it`);
  const platform = formatPlatform(image.image.platform);
  const held = holderOf(image) === program ? heldName(image.source.label) : undefined;
  if (held !== undefined) return engineRunner({ program, image: held, platform, isOurs: false, context });
  const name = passingName();
  const engine = { program, image: name, platform, isOurs: true, context };
  try {
    await bring(image, `${transports[program]}${name}`, context);
  } catch (error) {
    await removeEngineImage(engine);
    throw error;
  }
  return engineRunner(engine);
}

/** Loads the one image into an engine. */
async function bring({ source, image }: CheckedImage, place: string, context: PlaceContext): Promise<void> {
  const tree = await readImage(source, { platforms: [image.platform], referrers: false });
  const outgoing = await outgoingImage(source, { ...tree, root: image.manifest, images: [image] });
  const sink = await (await openPlace(place, context)).sink();
  const { progress, signal } = context;
  try {
    await sink.write(outgoing, signal === undefined ? { progress } : { progress, signal });
  } finally {
    await sink.close();
  }
}

/** The engine that the image was read from. */
function holderOf({ source }: CheckedImage): Program | undefined {
  const programs: readonly Program[] = ["docker", "podman"];
  return programs.find((program) => source.label.startsWith(transports[program]));
}

/** An image's name or ID as the engine's program takes it. */
function heldName(label: string): string {
  return label.slice(label.indexOf(":") + 1).replace(/^@/, "");
}

function cannot(why: string): DdiffError {
  return new DdiffError("RUNNER_FAILED", why, {
    hint: "Choose another runner with --runner, or look at the image alone with --runner none.",
  });
}
