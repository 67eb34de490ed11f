import { readFile, writeFile } from "node:fs/promises";
import type { Analysis } from "../../inspect/analysis.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { inkFor } from "../output/ink.ts";
import { usageError } from "../usage.ts";

const options = {
  format: {
    value: "NAME",
    choices: ["terminal", "json", "markdown", "sarif"],
    help: "how it is written",
  },
  output: { short: "o", value: "FILE", complete: "file", help: "write it into a file" },
  tree: { help: "also show the largest folders as a tree" },
  dockerfile: {
    value: "FILE",
    complete: "file",
    help: "the Dockerfile that it was built with, for the lines",
  },
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
      text: "As a comment for a pull request",
      command: "ddiff analyze --format markdown -o sizes.md torch-app:2",
    },
    { text: "Straight from a registry", command: "ddiff analyze docker://ghcr.io/lab/torch-app:2" },
  ],
  async run(call) {
    const [name = ""] = call.args;
    const [{ analyzeImage }, { openPlace }, { parsePlatform }] = await Promise.all([
      import("../../inspect/analyze.ts"),
      import("../../places/open.ts"),
      import("../../oci/platform.ts"),
    ]);
    const { dockerfile, platform } = call.options;
    const context = await call.context();
    const source = await (await openPlace(name, context)).source();
    try {
      const analysis = await analyzeImage(
        {
          source,
          ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
          ...(dockerfile === undefined
            ? {}
            : { dockerfile: { file: dockerfile, text: await readText(dockerfile) } }),
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
  if (output === undefined) return { json, ...(text === "" ? {} : { answer: `${text}\n`, raw: true }) };
  await writeFile(output, `${text}\n`);
  return { json, summary: [`${headline(analysis)}; written to ${output}`] };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw usageError(`${file} cannot be read`, "analyze");
  }
}
