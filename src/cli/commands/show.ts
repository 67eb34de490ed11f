import { formatBytes } from "../../util/bytes.ts";
import { defineCommand } from "../command.ts";
import { table } from "../../report/table.ts";

export const show = defineCommand({
  name: "show",
  summary: "print what a bundle holds and what it needs",
  usage: ["show [OPTIONS] BUNDLE"],
  description: [
    "Checks a bundle and prints its images, their layers with what is carried of each, and the layers that must be where it is loaded.",
    "Needs no engine and no base.",
  ],
  arguments: [
    {
      name: "BUNDLE",
      required: true,
      complete: "bundle",
      help: "a file of ddiff diff, any part of a split one, or - for standard input",
    },
  ],
  options: {},
  examples: [
    { text: "For a person", command: "ddiff show torch-app-2.ddiff" },
    {
      text: "The layers a server must have, for a script",
      command: "ddiff show torch-app-2.ddiff --json | jq -r '.base.layersNeeded[]'",
    },
  ],
  async run(call) {
    const [bundle = ""] = call.args;
    const { describeBundle } = await import("../../delta/show.ts");
    const about = await describeBundle(bundle, await call.context());
    const targets = about.targets.map((one) => [
      one.name ?? "(no name)",
      one.digest.slice(0, 19),
      one.platforms.join(" "),
    ]);
    const layers = about.layers.map((one) => [
      one.diffId.slice(0, 19),
      { base: "from the base", patch: "as a patch", blob: "whole" }[one.from],
      one.tarBytes === undefined ? "" : formatBytes(one.tarBytes),
      one.from === "base" ? "" : formatBytes(one.carriedBytes),
      packing(one),
    ]);
    const needed = about.base.layersNeeded.length;
    const names = about.base.names.length === 0 ? "" : ` (it was cut against ${about.base.names.join(", ")})`;
    const lines = [
      table([["IMAGE", "DIGEST", "PLATFORMS"], ...targets]),
      "",
      table([["LAYER", "HOW", "SIZE", "CARRIED", "PACKED BY"], ...layers], [2, 3]),
      "",
      needed === 0
        ? "needs no base"
        : `needs ${needed === 1 ? "1 layer" : `${needed} layers`} of its base${names}`,
      ...(about.referrers === 0 ? [] : [`with ${about.referrers} signatures, SBOMs or attestations`]),
      `${bundle}: ${formatBytes(about.bundleBytes)}, format ${about.version}`,
    ];
    return { json: about, answer: lines.join("\n") };
  },
});

type Layer = Awaited<ReturnType<typeof import("../../delta/show.ts")["describeBundle"]>>["layers"][number];

/** Who packs the layer again; with a question mark where that is to be tried. */
function packing({ from, packedBy = [] }: Layer): string {
  if (from === "blob") return "as it is";
  const names = packedBy.map(({ encoders, guessed }) => `${encoders.join("+")}${guessed ? "?" : ""}`);
  return names.join(", ");
}
