import { defineCommand } from "../command.ts";
import { hasTransport, registryName, withTag } from "../names.ts";
import { readPlatforms } from "../platforms.ts";
import { noDeltaOption, readImageList, transfer, transferOptions } from "../transfer.ts";
import { usageError } from "../usage.ts";

export const pull = defineCommand({
  name: "pull",
  summary: "copy images from the registry to the engine",
  usage: ["pull [OPTIONS] IMAGE...", "pull [OPTIONS] --images FILE"],
  description: [
    "Copies images of the registry at DDIFF_URL, or of the places named, to the engine on this machine under the same names. What the engine has already is not fetched. An interrupted download is taken up where it stopped.",
    'Where the registry has a delta ("ddiff push --delta-from") whose base is in the engine, only that is fetched, and the image made of both: every layer is checked against the image\'s own config, and the image ID is that of the image. Where none fits, or one is damaged, the layers are fetched.',
    "Several images go at the same time. If some fail the others still go, and the exit status is 1.",
  ],
  arguments: [
    { name: "IMAGE", many: true, complete: "place", help: "an image of the registry, or of another place" },
  ],
  options: { ...transferOptions, ...noDeltaOption },
  examples: [
    { text: "From the registry on this machine", command: "ddiff pull torch-app:2" },
    { text: "From Docker Hub", command: "ddiff pull docker://debian:12" },
  ],
  async run(call) {
    const listed = call.options.images === undefined ? [] : await readImageList(call.options.images);
    const images = [...call.args, ...listed];
    if (images.length === 0) throw usageError("pull needs an IMAGE", "pull");
    return transfer(
      images.map((image) =>
        hasTransport(image)
          ? { from: image, to: (name) => withTag(name) }
          : { from: registryName(withTag(image), call.env), to: () => withTag(image) },
      ),
      {
        platforms: await readPlatforms(call.options.platform),
        jobs: call.options.jobs,
        command: "pull",
        verb: "pulled",
        moved: "fetched",
        deltas: !call.options["no-delta"],
      },
      await call.context(),
    );
  },
});
