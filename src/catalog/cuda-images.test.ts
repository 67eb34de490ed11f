import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { supported, tagsOf, unsupported } from "./cuda-image-lists.ts";
import { cudaTagOf, cudaTagStatus, livingTag, parseCudaTag } from "./cuda-images.ts";

// Counts and digests of NVIDIA's own lists of 2025-12-15, sorted, one tag per line, those with TensorRT left out.
test.each([
  ["supported", supported, 721, "0f754618370b7e19d8b839d986bf8f27f7e4e47b7e3972851c013ab0ab9329b6"],
  ["unsupported", unsupported, 699, "652e7c89cb6f6717b447ed90c1ff76081047a733aec42b32f29a7fc0ccb8ac6e"],
] as const)("the %s tags are NVIDIA's, to the last one", (_, rows, count, digest) => {
  const tags = [...new Set(tagsOf(rows))].sort();
  expect(tags).toHaveLength(count);
  expect(createHash("sha256").update(tags.join("\n")).digest("hex")).toBe(digest);
});

test.each([
  ["12.4.1-cudnn-runtime-ubuntu22.04", "supported", undefined],
  ["12.9.1-devel-ubi9", "supported", undefined],
  ["12.1.0-cudnn8-devel-ubuntu22.04", "unsupported", "12.1.1-cudnn8-devel-ubuntu22.04"],
  ["13.0.2-base-ubuntu24.04", "unsupported", "13.0.3-base-ubuntu24.04"],
  ["11.7.0-devel-ubuntu20.04", "unlisted", "11.7.1-devel-ubuntu20.04"],
  ["10.2-cudnn7-devel-ubuntu18.04", "unlisted", undefined],
  ["latest", "unlisted", undefined],
  ["12.2.2-cudnn-devel-ubuntu22.04", "unknown-spelling", "12.2.2-cudnn8-devel-ubuntu22.04"],
  ["12.2.2-devel-cudnn8-ubuntu22.04", "unknown-spelling", "12.2.2-cudnn8-devel-ubuntu22.04"],
  ["12.8.1-runtime-ubuntu2204", "unknown-spelling", "12.8.1-runtime-ubuntu22.04"],
  ["12.4-devel-ubuntu22.04", "unknown-spelling", "12.4.1-devel-ubuntu22.04"],
  ["12.2.0-cudnn-devel-ubuntu22.04", "never-existed", "12.2.2-cudnn8-devel-ubuntu22.04"],
  ["12.4.1-devel-ubuntu24.04", "never-existed", undefined],
  ["12.4.1-cudnn-base-ubuntu22.04", "never-existed", undefined],
  ["12.4.1-devel", "never-existed", undefined],
  ["12.8.2-devel-ubuntu24.04", "newer-than-catalogue", "12.8.1-devel-ubuntu24.04"],
  ["14.0.0-devel-ubuntu26.04", "newer-than-catalogue", undefined],
])("%s is %s", (tag, status, living) => {
  expect(cudaTagStatus(tag)?.status).toBe(status);
  if (status !== "newer-than-catalogue") expect(livingTag(tag)).toBe(living);
});

test("a living tag never needs another one", () => {
  for (const tag of tagsOf([...supported, ...unsupported])) {
    const living = livingTag(tag);
    if (living === undefined) continue;
    expect(livingTag(living)).toBeUndefined();
    expect(cudaTagStatus(living)?.status).toBe("supported");
    expect(parseCudaTag(living)?.os).toBe(parseCudaTag(tag)?.os);
    expect(parseCudaTag(living)?.flavour).toBe(parseCudaTag(tag)?.flavour);
  }
});

test("only NVIDIA's images are NVIDIA's", () => {
  expect(cudaTagOf("nvidia/cuda:12.4.1-base-ubuntu22.04")).toBe("12.4.1-base-ubuntu22.04");
  expect(cudaTagOf("docker.io/nvidia/cuda")).toBe("latest");
  expect(cudaTagOf("nvcr.io/nvidia/cuda:12.4.1-base-ubi8")).toBe("12.4.1-base-ubi8");
  expect(cudaTagOf("someone/cuda:12.4.1-base-ubuntu22.04")).toBeUndefined();
  expect(cudaTagOf("nvidia/cuda:$VERSION")).toBeUndefined();
});

test("any text for a tag is answered or left alone", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{1,8}(-[a-z\d.]{1,12}){0,5}$/)), (tag) => {
      cudaTagStatus(tag);
      expect(livingTag(tag)).not.toBe(tag);
    }),
  );
});
