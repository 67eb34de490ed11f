import { describe, expect, it } from "vitest";
import { checkWith, messagesOf } from "../testing/check.ts";
import { cudaTagDead } from "./cuda-tag-dead.ts";

describe("tags of nvidia/cuda", () => {
  it.each([
    ["an older point release", "12.4.0-base-ubuntu22.04", "can vanish", "safe"],
    ["NGC has the same tags", "nvcr.io/nvidia/cuda:12.4.0-base-ubuntu22.04", "can vanish", "safe"],
    ["without a point release", "12.4-base-ubuntu22.04", "there is no", "safe"],
    ["cuDNN is spelled otherwise", "12.4.1-cudnn9-runtime-ubuntu22.04", "there is no", "unsafe"],
    ["never built", "12.4.1-cudnn-base-ubuntu22.04", "there is no", undefined],
    ["on neither list", "10.1-base-ubuntu18.04", "is not supported", undefined],
    ["latest", "latest", "is not supported", undefined],
    ["held by a digest", `12.4.0-base-ubuntu22.04@sha256:${"a".repeat(64)}`, "can vanish", undefined],
  ])("%s: %s", (_, tag, said, risk) => {
    const image = tag.startsWith("nvcr.io") ? tag : `nvidia/cuda:${tag}`;
    const { findings } = checkWith(cudaTagDead, `FROM ${image}\n`);
    expect(findings.map((one) => one.message.includes(said))).toEqual([true]);
    expect(findings[0]?.fix?.risk).toBe(risk);
  });

  it.each([
    ["supported", "nvidia/cuda:12.8.1-runtime-ubuntu24.04"],
    ["newer than what is known", "nvidia/cuda:14.0.0-runtime-ubuntu26.04"],
    ["an image of one's own", "registry.lab.example/nvidia/cuda:12.1.0-base-ubuntu22.04"],
    ["a variable without a value", "nvidia/cuda:${CUDA}-base-ubuntu22.04"],
  ])("silent: %s", (_, image) => {
    expect(messagesOf(cudaTagDead, `ARG CUDA\nFROM ${image}\n`)).toEqual([]);
  });

  it("mends only what is written: not a tag in a variable", () => {
    const { findings } = checkWith(
      cudaTagDead,
      "ARG CUDA=12.1.0\nFROM nvidia/cuda:${CUDA}-base-ubuntu22.04\n",
    );
    expect(findings).toHaveLength(1);
    expect(findings[0]?.fix).toBeUndefined();
  });
});
