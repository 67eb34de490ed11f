import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DdiffError, messageOf } from "../util/errors.ts";
import { member, text, texts } from "../util/members.ts";
import { labelNames, versionsIn } from "./labels.ts";

/** A base that an engine holds. */
export interface HeldBase {
  /** `ddiff-base:cu12.4.1-py3.10-torch-251205`; none for one whose names were taken by another. */
  readonly names: readonly string[];
  readonly id: string;
  /** `12.4.1`, `cpu` */
  readonly cuda: string;
  readonly pythons: readonly string[];
  /** `2.5.1+cu124` */
  readonly torches: readonly string[];
  /** Bytes as the engine counts them. */
  readonly bytes: number;
  /** DiffIDs, bottom first. */
  readonly layers: readonly string[];
}

/** Programs of engines whose images have labels. */
export type EngineProgram = "docker" | "podman";

/** The bases of an engine, found by their labels. Images of others, and labels that say nonsense, are left out. Throws `ENGINE_FAILED`. */
export async function basesIn(engine: EngineProgram, signal?: AbortSignal): Promise<HeldBase[]> {
  const list = ["image", "ls", "--quiet", "--no-trunc", "--filter", `label=${labelNames.form}`];
  const ids = await ask(engine, list, (answer) => new Set(answer.split("\n").filter(Boolean)), signal);
  if (ids.size === 0) return [];
  const images = await ask(
    engine,
    ["image", "inspect", ...ids],
    (answer): unknown => JSON.parse(answer),
    signal,
  );
  const found = Array.isArray(images) ? images.flatMap((image: unknown) => heldBase(image) ?? []) : [];
  return found.sort((one, other) => ((one.names[0] ?? one.id) < (other.names[0] ?? other.id) ? -1 : 1));
}

function heldBase(image: unknown): HeldBase | undefined {
  const labels = member(member(image, "Config"), "Labels");
  const torches = versionsIn(text(member(labels, labelNames.torch)));
  if (member(labels, labelNames.form) === undefined || torches.length === 0) return undefined;
  const size = member(image, "Size");
  return {
    names: texts(member(image, "RepoTags")),
    id: text(member(image, "Id")),
    cuda: text(member(labels, labelNames.cuda)),
    pythons: versionsIn(text(member(labels, labelNames.python))),
    torches,
    bytes: typeof size === "number" ? size : 0,
    layers: texts(member(member(image, "RootFS"), "Layers")),
  };
}

async function ask<T>(
  engine: EngineProgram,
  args: readonly string[],
  read: (answer: string) => T,
  signal?: AbortSignal,
): Promise<T> {
  try {
    const { stdout } = await promisify(execFile)(engine, args, {
      maxBuffer: 64 << 20,
      ...(signal === undefined ? {} : { signal }),
    });
    return read(stdout);
  } catch (cause) {
    throw new DdiffError(
      "ENGINE_FAILED",
      `${engine} does not say which images it has: ${messageOf(cause).trim()}`,
      {
        hint: `See whether "${engine} image ls" works.`,
        cause,
      },
    );
  }
}
