import { readFile } from "node:fs/promises";
import { defineCommand } from "../command.ts";
import { usageError } from "../usage.ts";

export const analyze = defineCommand({
  name: "analyze",
  summary: "show where an image's bytes are, and which could go",
  usage: ["analyze [OPTIONS] IMAGE"],
  description: [
    "Reads an image in any place, without running it, and says where its bytes are: by layer and Dockerfile line, by package, by kind of file. Names what could go, with the bytes that it saves, the risk, and what to write instead.",
    "Each layer is read once; what is known of it is kept in the cache, so that the second time takes a moment.",
  ],
  arguments: [{ name: "IMAGE", required: true, complete: "place", help: "the image, in any place" }],
  options: {
    dockerfile: {
      value: "FILE",
      complete: "file",
      help: "the Dockerfile that it was built with, for the lines",
    },
    platform: {
      value: "OS/ARCH",
      help: "this platform, such as linux/arm64; this machine's when not said",
    },
  },
  examples: [
    { text: "An image in the local engine", command: "ddiff analyze torch-app:2" },
    {
      text: "With the lines of its Dockerfile",
      command: "ddiff analyze --dockerfile Dockerfile torch-app:2",
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
      const { files: _, hiddenFiles: __, ...json } = analysis;
      return { json, answer: JSON.stringify(json.sizes) };
    } finally {
      await source.close();
    }
  },
});

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw usageError(`${file} cannot be read`, "analyze");
  }
}
