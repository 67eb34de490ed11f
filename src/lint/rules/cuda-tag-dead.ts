import {
  type CudaTagStatus,
  cudaTagOf,
  cudaTagStatus,
  livingTag,
  parseCudaTag,
} from "../../catalog/cuda-images.ts";
import type { Word } from "../../dockerfile/document.ts";
import { defineRule, type Fix } from "../rule.ts";

export const cudaTagDead = defineRule({
  kind: "dockerfile",
  name: "cuda-tag-dead",
  group: "base",
  severity: "warning",
  aliases: [],
  meaning: "The tag of `nvidia/cuda` is one that NVIDIA no longer supports, or that never was.",
  why: "NVIDIA supports only the newest point release of a minor release and deletes the tags of older ones about six months later, from Docker Hub and from NGC; then the build fails. Of 92 literal tags in public machine-learning Dockerfiles 49 are on its list of unsupported ones and 8 on neither list. The newest point release of the same minor has the same libraries with fixes, so taking it changes nothing else. Where an image of your own registry holds the old one, ignore this.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.1.0-runtime-ubuntu22.04\nRUN true\n",
      good: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nRUN true\n",
      fixed: "FROM nvidia/cuda:12.1.1-runtime-ubuntu22.04\nRUN true\n",
    },
    {
      bad: "FROM nvidia/cuda:12.2.0-cudnn-devel-ubuntu22.04 AS build\nRUN true\n",
      good: "FROM nvidia/cuda:12.2.2-cudnn8-devel-ubuntu22.04 AS build\nRUN true\n",
      fixed: "FROM nvidia/cuda:12.2.2-cudnn8-devel-ubuntu22.04 AS build\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { base, image } of file.stages) {
      if (base.kind !== "image" || image === undefined) continue;
      const tag = cudaTagOf(base.image);
      const known = tag === undefined ? undefined : cudaTagStatus(tag);
      if (tag === undefined || known === undefined) continue;
      const message = messageFor(tag, known);
      if (message === undefined) continue;
      const fix = base.image.includes("@") ? undefined : fixFor(image, tag);
      report({ at: image, message, ...(fix !== undefined && { fix }) });
    }
  },
});

function messageFor(
  tag: string,
  { status, reason }: { status: CudaTagStatus; reason: string },
): string | undefined {
  switch (status) {
    case "supported":
    case "newer-than-catalogue":
      return undefined;
    case "unsupported":
      return `nvidia/cuda:${tag} can vanish any day: ${reason}`;
    case "unlisted":
      return `nvidia/cuda:${tag} is not supported: ${reason}`;
    default:
      return `there is no nvidia/cuda:${tag}: ${reason}`;
  }
}

function fixFor(image: Word, tag: string): Fix | undefined {
  const living = livingTag(tag);
  const at = image.raw.lastIndexOf(`:${tag}`);
  if (living === undefined || at < 0 || image.raw.length !== image.end - image.start) return undefined;
  const before = parseCudaTag(tag)?.cudnn;
  const after = parseCudaTag(living)?.cudnn;
  // Another major release of cuDNN is another library.
  const sameLibraries = before === after || before === "cudnn";
  const start = image.start + at + 1;
  return {
    title: `take ${living}`,
    risk: sameLibraries ? "safe" : "unsafe",
    edits: [{ start, end: start + tag.length, text: living }],
  };
}
