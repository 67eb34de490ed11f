import { writeFile } from "node:fs/promises";
import type { Analysis } from "../../inspect/analysis.ts";
import type { InspectedImage } from "../../inspect/read-image.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { inkFor } from "../output/ink.ts";
import { dockerfileOption, readDockerfile } from "../named-files.ts";
import { usageError } from "../usage.ts";

const options = {
  format: {
    value: "NAME",
    choices: ["terminal", "html", "json", "markdown", "sarif"],
    help: "how it is written",
  },
  output: { short: "o", value: "FILE", complete: "file", help: "write it into a file" },
  "dive-compatible": { help: "dive's numbers, by its own formulas, and nothing else" },
  tree: { help: "also show the largest folders as a tree" },
  ...dockerfileOption,
  platform: {
    value: "OS/ARCH",
    help: "this platform, such as linux/arm64; this machine's when not said",
  },
} as const;

type AnalyzeCall = Call<typeof options>;

export const analyze = defineCommand({
  name: "analyze",
  summary: "show where an image's bytes are, and which could go",
  usage: ["analyze [OPTIONS] IMAGE"],
  description: [
    "Reads an image in any place, without running it, and says where its bytes are: by layer and Dockerfile line, by package, by kind of file. Names what could go, with the bytes that it saves, the risk, and what to write instead.",
    "Each layer is read once; what is known of it is kept in the cache, so that the second time takes a moment.",
  ],
  arguments: [{ name: "IMAGE", required: true, complete: "place", help: "the image, in any place" }],
  options,
  examples: [
    { text: "An image in the local engine", command: "ddiff analyze torch-app:2" },
    {
      text: "With the lines of its Dockerfile",
      command: "ddiff analyze --dockerfile Dockerfile torch-app:2",
    },
    {
      text: "As a page with a map to look around in",
      command: "ddiff analyze --format html -o torch-app.html torch-app:2",
    },
    {
      text: "As a comment for a pull request",
      command: "ddiff analyze --format markdown -o sizes.md torch-app:2",
    },
    {
      text: "The numbers that dive would tell, for limits that are there already",
      command: "ddiff analyze --dive-compatible torch-app:2",
    },
    { text: "Straight from a registry", command: "ddiff analyze docker://ghcr.io/lab/torch-app:2" },
  ],
  async run(call) {
    const [name = ""] = call.args;
    if (call.options["dive-compatible"]) refuseBesideDive(call.options);
    const [{ analyzeImage }, { inspectImage }, { openPlace }, { parsePlatform }] = await Promise.all([
      import("../../inspect/analyze.ts"),
      import("../../inspect/read-image.ts"),
      import("../../places/open.ts"),
      import("../../oci/platform.ts"),
    ]);
    const { dockerfile, platform } = call.options;
    const context = await call.context();
    const source = await (await openPlace(name, context)).source();
    const asked = platform === undefined ? undefined : parsePlatform(platform);
    try {
      if (call.options["dive-compatible"])
        return await reportAsDive(call, await inspectImage(source, asked, context));
      const analysis = await analyzeImage(
        {
          source,
          ...(asked === undefined ? {} : { platform: asked }),
          ...(await readDockerfile(dockerfile, "analyze")),
        },
        context,
      );
      return await report(call, analysis);
    } finally {
      await source.close();
    }
  },
});

async function report(call: AnalyzeCall, analysis: Analysis): Promise<Outcome> {
  const [{ renderAnalysis }, { headline }, { jsonReport }] = await Promise.all([
    import("../analyze-report.ts"),
    import("../../inspect/reports/overview.ts"),
    import("../../inspect/reports/json.ts"),
  ]);
  const { format, output, tree } = call.options;
  const json = call.json ? jsonReport(analysis) : null;
  const ink = inkFor(call, output !== undefined);
  const text = await renderAnalysis(analysis, format, ink, { quiet: call.quiet, tree });
  return written(call, { json, text, line: headline(analysis) });
}

async function reportAsDive(call: AnalyzeCall, { layers }: InspectedImage): Promise<Outcome> {
  const [{ diveReport }, { diveHeadline, diveJson, diveText }] = await Promise.all([
    import("../../inspect/dive.ts"),
    import("../../inspect/reports/dive.ts"),
  ]);
  const report = diveReport(layers);
  const json = diveJson(report);
  const text = call.options.format === "json" ? JSON.stringify(json, null, 2) : diveText(report);
  return written(call, { json, text, line: diveHeadline(report) });
}

/** Throws `USAGE` for what says nothing beside dive's numbers. */
function refuseBesideDive({ format, tree, dockerfile }: AnalyzeCall["options"]): void {
  const other = tree ? "--tree" : dockerfile === undefined ? undefined : "--dockerfile";
  if (other !== undefined) throw usageError(`--dive-compatible goes without ${other}`, "analyze");
  if (format === "markdown" || format === "sarif")
    throw usageError(`dive has no report as ${format}`, "analyze", "Use terminal or json.");
}

/** A report where it was asked for: into the file of `--output`, then `line` says so, or to standard output. */
async function written(
  { options: { output } }: AnalyzeCall,
  { json, text, line }: { json: unknown; text: string; line: string },
): Promise<Outcome> {
  if (output === undefined) return { json, ...(text === "" ? {} : { answer: `${text}\n`, raw: true }) };
  await writeFile(output, `${text}\n`);
  return { json, summary: [`${line}; written to ${output}`] };
}
