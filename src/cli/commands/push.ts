import { defineCommand } from "../command.ts";
import { registryName, withTag } from "../names.ts";
import { readPlatforms } from "../platforms.ts";
import { readImageList, transfer, transferOptions } from "../transfer.ts";
import { usageError } from "../usage.ts";

export const push = defineCommand({
  name: "push",
  summary: "copy images from the engine to the registry",
  usage: ["push [OPTIONS] IMAGE...", "push [OPTIONS] --images FILE"],
  description: [
    "Copies images of the engine on this machine, or of the places named, to the registry at DDIFF_URL under the same names. What the registry has already is not sent. Digests of blobs, manifests and indexes stay as they are, signatures and SBOMs go along.",
    'With --delta-from, the registry also gets what is needed to make each image where BASE is: a delta, a few percent of the layers where the images are builds of one another. "ddiff pull" finds it there by itself; other clients see an artifact that refers to the image, and pull the layers as ever.',
    "Several images go at the same time. If some fail the others still go, and the exit status is 1.",
  ],
  arguments: [
    { name: "IMAGE", many: true, complete: "place", help: "an image of the engine, or of another place" },
  ],
  options: {
    "delta-from": {
      value: "BASE",
      many: true,
      complete: "place",
      help: "store a delta from this image too, for those who have it",
    },
    ...transferOptions,
  },
  examples: [
    { text: "To the registry on this machine", command: "ddiff push torch-app:1 torch-app:2" },
    { text: "To another one", command: "DDIFF_URL=https://registry.lab ddiff push torch-app:2" },
    {
      text: "With a delta for servers that have version 1",
      command: "ddiff push --delta-from torch-app:1 torch-app:2",
    },
    { text: "From an OCI layout", command: "ddiff push oci:images:torch-app:2" },
  ],
  async run(call) {
    const listed = call.options.images === undefined ? [] : await readImageList(call.options.images);
    const images = [...call.args, ...listed];
    if (images.length === 0) throw usageError("push needs an IMAGE", "push");
    return transfer(
      images.map((from) => ({ from, to: (name) => registryName(withTag(name), call.env) })),
      {
        platforms: await readPlatforms(call.options.platform),
        jobs: call.options.jobs,
        command: "push",
        verb: "pushed",
        moved: "sent",
        deltaFrom: call.options["delta-from"],
      },
      await call.context(),
    );
  },
});
