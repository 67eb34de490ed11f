import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Comparison } from "../../inspect/compare/compare.ts";
import type { PlaceContext, Source } from "../../places/place.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { type OpenSubject, openSubjects } from "../compare-subjects.ts";
import { inkFor } from "../output/ink.ts";
import { readPlatforms } from "../platforms.ts";
import { usageError } from "../usage.ts";

const options = {
  format: { value: "NAME", choices: ["terminal", "json", "markdown"], help: "how it is written" },
  output: { short: "o", value: "FILE", complete: "file", help: "write it into a file" },
  bundle: {
    help: "make the bundles from the first image to the others, to measure them; estimated if not said",
  },
  platform: {
    value: "OS/ARCH",
    many: true,
    help: "this platform, such as linux/arm64, of each image; this machine's when not said, and all where one image is named",
  },
} as const;

type CompareCall = Call<typeof options>;

export const compare = defineCommand({
  name: "compare",
  summary: "show how images, tags or platforms differ in size",
  usage: ["compare [OPTIONS] IMAGE IMAGE...", "compare [OPTIONS] IMAGE"],
  description: [
    "Puts the sizes of images side by side: compressed, uncompressed, what they share and what each has alone. Against the first image it says what came and went, by package and by class of files, and how much of what its analysis estimated is gone. For each pair it says what a client that has the one must fetch for the other, as layers and as a bundle of ddiff diff.",
    "One image alone is compared with itself across its platforms. A file of ddiff analyze --json stands for its image, as far as it tells.",
  ],
  arguments: [
    { name: "IMAGE", required: true, many: true, complete: "place", help: "the images, in any place" },
  ],
  options,
  examples: [
    { text: "What a new version brings", command: "ddiff compare torch-app:1 torch-app:2" },
    { text: "What was reached against what was promised", command: "ddiff compare app:before app:slim" },
    { text: "The platforms of an image", command: "ddiff compare docker://ghcr.io/lab/app:2" },
    {
      text: "Variants, as a comment for a pull request",
      command: "ddiff compare --format markdown -o sizes.md app:cpu app:cuda app:rocm",
    },
    { text: "With the real size of the bundle", command: "ddiff compare --bundle torch-app:1 torch-app:2" },
  ],
  async run(call) {
    const platforms = await readPlatforms(call.options.platform);
    const context = await call.context();
    const opened: Source[] = [];
    try {
      const subjects = await openSubjects(
        call.args,
        { platforms, everyPlatform: call.args.length === 1 },
        context,
        opened,
      );
      if (subjects.length < 2)
        throw usageError("compare needs two images, or one for several platforms", "compare");
      const { compareImages } = await import("../../inspect/compare/compare.ts");
      const made = call.options.bundle ? await makeBundles(subjects, context) : undefined;
      return await report(
        call,
        compareImages(
          subjects.map(({ subject }) => subject),
          made,
        ),
      );
    } finally {
      for (const source of opened) await source.close();
    }
  },
});

/** Sizes of the bundles that bring a client with the first image to each other one, by its number. */
async function makeBundles(
  subjects: readonly OpenSubject[],
  context: PlaceContext,
): Promise<Map<number, number>> {
  const { diffImages } = await import("../../delta/diff.ts");
  const sizes = new Map<number, number>();
  const base = subjects[0]?.source;
  if (base === undefined) return sizes;
  for (const [number, { source }] of subjects.entries()) {
    if (number === 0 || source === undefined) continue;
    const out = join(context.tempDir, `compare-${number}.ddiff`);
    const how = { effort: "default", wholeLayers: false, exact: "never" } as const;
    const { bundleBytes } = await diffImages({ ...how, bases: [base], targets: [source], out, context });
    await rm(out, { force: true });
    sizes.set(number, bundleBytes);
  }
  return sizes;
}

async function report(call: CompareCall, comparison: Comparison): Promise<Outcome> {
  const { output } = call.options;
  const text = await render(comparison, call);
  if (output === undefined) return { json: comparison, answer: `${text}\n`, raw: true };
  await writeFile(output, `${text}\n`);
  const { compareHeadline } = await import("../../inspect/reports/compare-overview.ts");
  return {
    json: comparison,
    summary: [`${compareHeadline(comparison)}; written to ${output}`],
  };
}

async function render(comparison: Comparison, call: CompareCall): Promise<string> {
  switch (call.options.format) {
    case "json":
      return JSON.stringify(comparison, null, 2);
    case "markdown":
      return (await import("../../inspect/reports/compare-markdown.ts")).compareMarkdown(comparison);
    default: {
      const { compareTerminal } = await import("../../inspect/reports/compare-terminal.ts");
      return compareTerminal(comparison, inkFor(call, call.options.output !== undefined));
    }
  }
}
