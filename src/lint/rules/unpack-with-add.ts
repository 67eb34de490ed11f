import { posix } from "node:path";
import { usesOf } from "../knowledge/commands.ts";
import { copySources, copyTarget } from "../knowledge/copies.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule } from "../rule.ts";

const archive = /\.(?:tar|gz|tgz|bz2|tbz2?|xz|txz|zst|lzma|Z)$/;
const unpackers = ["tar", "gunzip", "bunzip2", "unxz", "unlzma", "zcat", "gzip", "uncompress"];

export const unpackWithAdd = defineRule({
  kind: "dockerfile",
  name: "unpack-with-add",
  group: "layers",
  severity: "info",
  aliases: ["DL3010"],
  meaning: "An archive is copied into the image and unpacked there by a later RUN.",
  why: "The archive stays in the layer of its COPY, also when the RUN deletes it. ADD unpacks local tar archives while it copies; for other kinds, `RUN --mount=type=bind,source=...` reads the archive without storing it. Stages from which only files are copied are left alone.",
  examples: [
    {
      bad: "FROM debian:12\nCOPY data.tar.gz /tmp/\nRUN tar -xzf /tmp/data.tar.gz -C /data\n",
      good: "FROM debian:12\nADD data.tar.gz /data/\n",
      files: { "data.tar.gz": "x" },
    },
  ],
  check(file, report, context) {
    const uses = usesOf(file, ...unpackers);
    if (uses.length === 0) return;
    for (const instruction of file.instructions) {
      const stage = file.stages[instruction.stage];
      if (instruction.keyword !== "COPY" || stage === undefined || !shippedStages(file).has(stage)) continue;
      const target = copyTarget(file, instruction);
      for (const { path, at } of copySources(file, instruction)) {
        const names = new Set([path, target?.path ?? ""].map(lastPart).filter((name) => archive.test(name)));
        const unpacked = uses.some(
          (use) =>
            use.instruction.stage === instruction.stage &&
            use.instruction.start > instruction.start &&
            unpacks(
              use.command.name,
              use.command.args.map((word) => word.value),
            ) &&
            use.command.args.some((word) => names.has(lastPart(word.value))),
        );
        if (!unpacked) continue;
        const size = context.files?.find((one) => one.path === posix.normalize(path))?.size;
        report({
          at,
          message: `${lastPart(path)} stays in a layer after it was unpacked`,
          ...(size !== undefined && { waste: size }),
        });
      }
    }
  },
});

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

function unpacks(program: string, args: readonly string[]): boolean {
  if (program === "gzip") return args.some((arg) => /^-\w*d/.test(arg));
  return (
    program !== "tar" ||
    args.some((arg, at) => /^(?:-\w*x|--extract|--get)/.test(arg) || (at === 0 && /^\w*x\w*$/.test(arg)))
  );
}
