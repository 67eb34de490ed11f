import { join, resolve } from "node:path";
import { layerDate } from "../../bases/layers.ts";
import type { BasePlan } from "../../bases/plan.ts";
import { type Builder, chooseBuilder } from "../build/builder.ts";
import { readBuildFlags } from "../build/flags.ts";
import { findResult } from "../build/result.ts";
import { isOnPath, runBuilder } from "../build/spawn.ts";
import type { Call, Outcome } from "../command.ts";
import { isOn } from "../paths.ts";
import { usageError } from "../usage.ts";
import { baseBuilder, isDocker } from "./builder.ts";

/** Builds a base with the engine's builder, or with the one that `words` name, and tags it. Throws what the builder's run throws. */
export async function buildImage(
  call: Call,
  plan: BasePlan,
  options: {
    readonly words: readonly string[];
    readonly tag: string | undefined;
    readonly date: string | undefined;
  },
): Promise<Outcome> {
  const [{ writeBuildContext }, { baseTag, dayOf }] = await Promise.all([
    import("../../bases/build-context.ts"),
    import("../../bases/tag.ts"),
  ]);
  const named = chooseBuilder(
    options.words,
    (program) => isOnPath(program, call.env),
    isOn(call.env["DDIFF_FORCE_PODMAN"]),
  );
  const day = readDay(options.date) ?? dayOf(new Date());
  const image = options.tag ?? `${plan.definition.name}:${baseTag(plan, day)}`;
  const context = await call.context();
  const builder = await baseBuilder(named, context.signal);
  for (const note of plan.notes) context.progress.note(note);
  const folder = join(context.tempDir, "base");
  const file = await writeBuildContext(folder, plan, { link: isDocker(builder) });
  const words = [
    ...builder.command,
    ...extraWords(builder, image),
    ...builder.args,
    "-f",
    file,
    "-t",
    image,
    folder,
  ];
  await runBuilder(words, { outputToError: call.json, signal: context.signal, lost: "there is no base" });
  return {
    json: { image, notes: plan.notes },
    summary: [`${image} is built; "ddiff base check ${image}" tries it`],
  };
}

/** Makes a base in a folder. */
export async function buildInFolder(call: Call, plan: BasePlan, folder: string): Promise<Outcome> {
  const { buildFolder } = await import("../../bases/build-folder.ts");
  const context = await call.context();
  for (const note of plan.notes) context.progress.note(note);
  const path = resolve(folder);
  await buildFolder(path, plan, { env: call.env, progress: context.progress, signal: context.signal });
  return { json: { folder: path, notes: plan.notes }, summary: [`${path} is a base now`] };
}

/** Buildah has no layers that are the same whatever lies below, but gives every file of a layer one date. */
function extraWords(builder: Builder, image: string): string[] {
  if (!isDocker(builder)) return ["--layers", "--timestamp", String(layerDate)];
  return findResult(builder, readBuildFlags([...builder.args, "--tag", image]), "").extra;
}

/** A day as in tags: `251205`. Throws `USAGE`. */
function readDay(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, year, month, day] = /^(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  const date = new Date(`20${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(2, 10) !== `${year}-${month}-${day}`)
    throw usageError(`--date takes a day such as 251205, not ${text}`, "base");
  return text;
}
