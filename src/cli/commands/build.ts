import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Place, PlaceContext } from "../../places/place.ts";
import { DdiffError, isDdiffError } from "../../util/errors.ts";
import { baseOfBuild, type BuildBase } from "../build/base.ts";
import { type Builder, chooseBuilder } from "../build/builder.ts";
import { readBuildFlags } from "../build/flags.ts";
import { type BuildResult, findResult } from "../build/result.ts";
import { isOnPath, runBuilder } from "../build/spawn.ts";
import { bundleOptions, readBundleOptions, readHave } from "../bundle-options.ts";
import { defineCommand } from "../command.ts";
import { diffPlaces } from "../diff-places.ts";
import { isOn } from "../paths.ts";

export const build = defineCommand({
  name: "build",
  summary: "build an image and write the bundle against its Dockerfile's base",
  usage: [
    "build [DDIFF OPTIONS] BUILD-ARGUMENTS...",
    "build [DDIFF OPTIONS] docker buildx build BUILD-ARGUMENTS...",
  ],
  description: [
    "Builds with docker build, podman build or buildah build, whichever is here, or with the one that the first words name, and then writes a bundle of the image against the base that its Dockerfile uses: the FROM of the last stage or of --target, through the stages it is built on, with ARG and --build-arg put in. A build FROM scratch is carried whole.",
    "ddiff's own options go first. They end at the first word that is not one of them, and everything from there on reaches the builder as it was written; -- ends them explicitly. None of them has a name that a builder uses, and none is looked for behind that point.",
    'What ddiff adds in front of the arguments: "--iidfile FILE" where there is no tag, and "--load" for docker buildx build where nothing says where the image goes.',
    "The base is taken from the engine that builds. Builders that keep base images for themselves do not leave it there; then it is read from its registry.",
  ],
  arguments: [
    {
      name: "BUILD-ARGUMENTS",
      many: true,
      complete: "file",
      help: "what would follow docker build; or the whole command",
    },
  ],
  options: {
    base: {
      value: "IMAGE",
      many: true,
      complete: "place",
      help: "the base, where it is not the Dockerfile's",
    },
    bundle: {
      value: "FILE",
      complete: "file",
      help: "where to write the bundle; - is standard output; by default the tag with the ending .ddiff",
    },
    ...bundleOptions,
  },
  examples: [
    { text: "The everyday case", command: "ddiff build -t torch-app:2 ." },
    {
      text: "With a builder of your choice",
      command: "ddiff build podman build --format docker -t torch-app:2 .",
    },
    {
      text: "Against what the server has already",
      command: "ddiff build --base torch-app:1 -t torch-app:2 .",
    },
    {
      text: "Any argument of the builder",
      command: "ddiff build -f docker/gpu.Dockerfile --target app --build-arg 'NOTE=a b' -t torch-app:2 .",
    },
    {
      text: "A smaller bundle in another folder",
      command:
        "ddiff build --max-effort --bundle /media/stick/app.ddiff docker buildx build -t torch-app:2 .",
    },
  ],
  passThrough: true,
  async run(call) {
    const { bundle, base, have } = call.options;
    const preferPodman = isOn(call.env["DDIFF_FORCE_PODMAN"]);
    const builder = chooseBuilder(call.args, (program) => isOnPath(program, call.env), preferPodman);
    const options = readBundleOptions(call.options, "build", bundle ?? "");
    const list = have === undefined ? undefined : await readHave(have);
    if (bundle === "-") call.takeStdout();
    const context = await call.context();
    const flags = readBuildFlags(builder.args);
    // Before the build, so that a base that cannot be found costs no hour of building.
    const result = findResult(builder, flags, join(context.tempDir, "image-id"));
    const found = await findBases(builder, flags, base, have !== undefined, call.env);
    await runBuilder([...builder.command, ...result.extra, ...builder.args], {
      standardInput: found.standardInput,
      outputToError: call.json || bundle === "-",
      signal: context.signal,
    });
    const targets = await resultPlaces(builder, result, context);
    const bases: Place[] = [];
    for (const name of found.bases) bases.push(await basePlace(name, context));
    return diffPlaces({
      ...options,
      bases,
      targets,
      have: list === undefined ? undefined : { list, local: () => engineImages(builder, context) },
      out: bundle,
      context,
    });
  },
});

async function findBases(
  builder: Builder,
  flags: ReturnType<typeof readBuildFlags>,
  named: string[],
  haveList: boolean,
  env: Record<string, string | undefined>,
): Promise<BuildBase> {
  if (named.length > 0) return { bases: named };
  try {
    return await baseOfBuild(builder, flags, { env, readStandardInput });
  } catch (error) {
    // A list of what is there already says what to leave out.
    if (haveList && isDdiffError(error, "BASE_UNKNOWN")) return { bases: [] };
    throw error;
  }
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function resultPlaces(builder: Builder, result: BuildResult, context: PlaceContext): Promise<Place[]> {
  const { openPlace } = await import("../../places/open.ts");
  const names = [...result.images];
  if (result.idFile !== undefined)
    names.push(`${builder.transport}:${(await readFile(result.idFile, "utf8")).trim()}`);
  const places: Place[] = [];
  for (const name of names) places.push(await openPlace(name, context));
  return places;
}

/** The base from the engine, or from its registry where the builder fetched it for itself alone. */
async function basePlace(name: string, context: PlaceContext): Promise<Place> {
  const { openPlace } = await import("../../places/open.ts");
  const image = /^(?:docker-daemon|containers-storage):(.+)$/.exec(name)?.[1];
  const place = await openPlace(name, context);
  if (image === undefined) return place;
  try {
    const source = await place.source();
    await source.root();
    await source.close();
    return place;
  } catch (error) {
    if (!isDdiffError(error)) throw error;
    const registry = await openPlace(`docker://${image}`, context);
    context.progress.note(`${name} is not there, so it is read from its registry`);
    return {
      ...registry,
      async source() {
        try {
          const source = await registry.source();
          await source.root();
          return source;
        } catch (cause) {
          throw new DdiffError(
            "BASE_MISSING",
            `the base ${image} is neither in the engine nor readable from its registry`,
            {
              hint: `Fetch it ("docker pull ${image}"), or name the base with --base.`,
              cause: new AggregateError([error, cause]),
            },
          );
        }
      },
    };
  }
}

async function engineImages(builder: Builder, context: PlaceContext) {
  const { openPlace } = await import("../../places/open.ts");
  return (await openPlace(`${builder.transport}:`, context)).inventory();
}
