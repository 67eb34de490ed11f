import { defineCommand } from "../command.ts";
import { hasTransport, registryName } from "../names.ts";
import { eachOne } from "../many.ts";
import { usageError } from "../usage.ts";

export const remove = defineCommand({
  name: "delete",
  summary: "delete images from a registry",
  usage: ["delete [OPTIONS] IMAGE..."],
  description: [
    "Deletes a tag from the registry at DDIFF_URL, or from another one named with docker://. Where other tags name the same image, only the tag goes; where the registry cannot do that, nothing is deleted and the error says so. IMAGE@DIGEST deletes the image with all its tags.",
    "The space comes back when the registry collects its garbage.",
  ],
  arguments: [
    { name: "IMAGE", required: true, many: true, complete: "place", help: "a tag or digest in the registry" },
  ],
  options: {},
  examples: [
    { text: "One tag", command: "ddiff delete torch-app:1" },
    { text: "From another registry", command: "ddiff delete docker://registry.lab:5000/lab/torch-app:1" },
  ],
  async run(call) {
    const full = call.args.map((name) => {
      if (hasTransport(name) && !name.startsWith("docker://")) {
        throw usageError(`delete is for registries, not for ${name}`, "delete");
      }
      return name.startsWith("docker://") ? name : registryName(name, call.env);
    });
    const context = await call.context();
    const { deleteImage } = await import("../../places/registry.ts");
    return eachOne({
      items: full,
      // One after the other: two tags of one image in one call must see each other's going.
      jobs: 1,
      context,
      nameOf: (name) => name,
      work: async (name) => ({ image: name, ...(await deleteImage(name.replace(/^docker:/, ""), context)) }),
      describe: (done) =>
        `${done.image}: ${done.manifest ? "deleted" : "tag deleted, the image has others"}, ${done.digest.slice(0, 19)}`,
      summary: (done) => (done.length > 1 ? `${done.length} images deleted` : undefined),
      verb: "deleted",
    });
  },
});
