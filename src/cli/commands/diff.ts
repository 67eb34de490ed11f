import type { HeldImage, Place, PlaceContext } from "../../places/place.ts";
import { bundleOptions, readBundleOptions, readHave } from "../bundle-options.ts";
import { defineCommand } from "../command.ts";
import { diffPlaces } from "../diff-places.ts";
import { platformOption, readPlatforms } from "../platforms.ts";
import { usageError } from "../usage.ts";

export const diff = defineCommand({
  name: "diff",
  summary: "write what one image has and another lacks into a file",
  usage: [
    "diff [OPTIONS] BASE TARGET",
    "diff [OPTIONS] --base BASE [--base BASE...] TARGET...",
    "diff [OPTIONS] --have FILE TARGET...",
  ],
  description: [
    "Compares the files of TARGET with those of BASE and writes a bundle: all that is needed to make TARGET, with the same image ID, where BASE is. Layers, files and parts of files that BASE has are not carried, however they are packed or in whichever layer they lie.",
    'The bundle is TARGET\'s name with the ending .ddiff, in the current folder: torch-app:2 gives torch-app-2.ddiff. "ddiff load" reads it.',
    'Where it is not known which images the other machine has, let "ddiff have" write a list of them there and give it to --have.',
    "The same images give the same bundle, byte for byte.",
  ],
  arguments: [
    {
      name: "IMAGE",
      required: true,
      many: true,
      complete: "place",
      help: "base and target; with --base or --have, targets only",
    },
  ],
  options: {
    base: { value: "IMAGE", many: true, complete: "place", help: "an image that the other side has" },
    output: {
      short: "o",
      value: "FILE",
      complete: "file",
      help: "where to write the bundle; - is standard output",
    },
    ...platformOption,
    ...bundleOptions,
  },
  examples: [
    { text: "The everyday case", command: "ddiff diff torch-app:1 torch-app:2" },
    {
      text: "Straight to the other machine, without a file",
      command: "ddiff diff torch-app:1 torch-app:2 -o - | ssh gpu ddiff load -",
    },
    {
      text: "From a registry, without any engine here",
      command: "ddiff diff docker://ghcr.io/lab/app:1 docker://ghcr.io/lab/app:2",
    },
    {
      text: "Two images in one bundle, against two bases",
      command: "ddiff diff --base cuda:12 --base torch-app:1 torch-app:2 eval:7 -o week.ddiff",
    },
    { text: "Against all that a server has", command: "ddiff diff --have have.json torch-app:2" },
    {
      text: "On a FAT32 stick",
      command: "ddiff diff torch-app:1 torch-app:2 --split 4GB -o /media/stick/torch-app.ddiff",
    },
  ],
  async run(call) {
    const { bases, targets } = sides(call.args, call.options.base, call.options.have);
    const bundle = readBundleOptions(call.options, "diff", call.options.output ?? "");
    const platforms = await readPlatforms(call.options.platform);
    if (call.options.output === "-") call.takeStdout();
    const list = call.options.have === undefined ? undefined : await readHave(call.options.have);
    const context = await call.context();
    const { openPlace } = await import("../../places/open.ts");
    const targetPlaces: Place[] = [];
    for (const target of targets) targetPlaces.push(await openPlace(target, context));
    const basePlaces: Place[] = [];
    for (const base of bases) basePlaces.push(await openPlace(base, context));
    return diffPlaces({
      ...bundle,
      bases: basePlaces,
      targets: targetPlaces,
      have: list === undefined ? undefined : { list, local: () => localImages(targetPlaces, context) },
      platforms,
      out: call.options.output,
      context,
    });
  },
});

function sides(
  args: string[],
  bases: string[],
  have: string | undefined,
): { bases: string[]; targets: string[] } {
  if (bases.length > 0 || have !== undefined) return { bases, targets: args };
  const [base, target, ...rest] = args;
  if (base === undefined || target === undefined) {
    throw usageError(
      "diff needs a BASE and a TARGET",
      "diff",
      "Or name bases with --base, or a list of what is there with --have.",
    );
  }
  if (rest.length > 0) {
    throw usageError(
      `diff takes one BASE and one TARGET, not ${args.length} images`,
      "diff",
      "With several targets name each base with --base.",
    );
  }
  return { bases: [base], targets: [target] };
}

/** Images here that may hold layers of the other side's list: those that lie where the targets lie. */
async function localImages(places: readonly Place[], context: PlaceContext): Promise<HeldImage[]> {
  const images: HeldImage[] = [];
  const seen = new Set<string>();
  for (const place of places) {
    // A registry cannot be listed: it would only answer the target itself.
    if (place.transport === "docker") continue;
    const key = `${place.transport}:${place.label.split(":")[1]}`;
    const engine = /^(?:docker-daemon|containers-storage|containerd)$/.test(place.transport);
    if (seen.has(engine ? place.transport : key)) continue;
    seen.add(engine ? place.transport : key);
    images.push(...(await place.inventory()));
  }
  if (images.length === 0)
    context.progress.note(
      "No image here shares layers with the list; all files that are missing there are carried whole.",
    );
  return images;
}
