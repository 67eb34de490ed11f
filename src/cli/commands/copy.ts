import { defineCommand } from "../command.ts";
import { nameInPlace, registryName, withTag } from "../names.ts";
import { readPlatforms } from "../platforms.ts";
import { noDeltaOption, readImageList, type Transfer, transfer, transferOptions } from "../transfer.ts";
import { usageError } from "../usage.ts";

export const copy = defineCommand({
  name: "copy",
  summary: "copy images between any two places",
  usage: ["copy [OPTIONS] FROM TO", "copy [OPTIONS] --images FILE [TO]"],
  description: [
    "Copies an image as it is: digests of blobs, manifests and indexes stay, all platforms, signatures and SBOMs go along. What the destination has already is not sent, and an interrupted copy is taken up where it stopped. Bare names mean the engine on this machine.",
    "With --images, copies a whole list: to seed a registry or a layout for an offline site. A line has an image, or an image and its destination. Images without one go to TO under their own names, or to the registry at DDIFF_URL where TO is not said. If some fail the others still go, and the exit status is 1.",
  ],
  arguments: [
    { name: "FROM", complete: "place", help: "an image; with --images, the place for all of them" },
    { name: "TO", complete: "place", help: "where it goes" },
  ],
  options: { ...transferOptions, ...noDeltaOption },
  examples: [
    {
      text: "From Docker Hub to an archive, without an engine",
      command: "ddiff copy docker://debian:12 oci-archive:debian-12.tar",
    },
    {
      text: "From one registry to another",
      command: "ddiff copy docker://ghcr.io/lab/app:1 docker://registry.lab:5000/app:1",
    },
    {
      text: "A list of images into one layout, six at a time",
      command: "ddiff copy --images images.txt oci:seed --jobs 6",
    },
    {
      text: "What Docker has, for Podman",
      command: "ddiff copy docker-daemon:torch-app:2 containers-storage:torch-app:2",
    },
  ],
  async run(call) {
    const transfers = await readTransfers(call.args, call.options.images, call.env);
    const platforms = await readPlatforms(call.options.platform);
    const deltas = !call.options["no-delta"];
    const options = {
      platforms,
      jobs: call.options.jobs,
      command: "copy",
      verb: "copied",
      moved: "sent",
      deltas,
    };
    return transfer(transfers, options, await call.context());
  },
});

async function readTransfers(
  args: readonly string[],
  file: string | undefined,
  env: Record<string, string | undefined>,
): Promise<Transfer[]> {
  const [first, second] = args;
  if (file === undefined) {
    if (first === undefined || second === undefined) throw usageError("copy needs FROM and TO", "copy");
    return [{ from: first, to: () => second }];
  }
  if (second !== undefined) {
    throw usageError("with --images, copy takes at most the place where all images go", "copy");
  }
  const lines = await readImageList(file);
  if (lines.length === 0) throw usageError(`${file} lists no image`, "copy");
  return lines.map((line) => {
    const [from = "", to, ...rest] = line.split(/\s+/);
    if (rest.length > 0)
      throw usageError(`a line of ${file} has more than two words: ${JSON.stringify(line)}`, "copy");
    if (to !== undefined) return { from, to: () => to };
    return {
      from,
      to: (name) =>
        first === undefined ? registryName(withTag(name), env) : nameInPlace(first, withTag(name)),
    };
  });
}
