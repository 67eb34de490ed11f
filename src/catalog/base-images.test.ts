import * as fc from "fast-check";
import { expect, test } from "vitest";
import { baseHas, describeBase } from "./base-images.ts";

test.each([
  ["python:3.11-slim", "debian:13"],
  ["python:3.11.9-slim", "debian:12"],
  ["python:3.11.3", "debian:11"],
  ["python:3.13.6-slim", undefined],
  ["python:3.12-slim-bookworm", "debian:12"],
  ["python:3.8-slim", "debian:12"],
  ["python:3.12-alpine3.20", "alpine:3.20"],
  ["python:latest", "debian:13"],
  ["debian", "debian:13"],
  ["debian:12.5-slim", "debian:12"],
  ["debian:stable-slim", "debian:13"],
  ["ubuntu", "ubuntu:26.04"],
  ["ubuntu:22.04", "ubuntu:22.04"],
  ["ubuntu:jammy-20240111", "ubuntu:22.04"],
  ["alpine:3.19.1", "alpine:3.19"],
  ["node:20-slim", "debian:12"],
  ["nvidia/cuda:12.4.1-base-ubuntu22.04", "ubuntu:22.04"],
  ["nvcr.io/nvidia/cuda:12.4.1-base-rockylinux9", "rockylinux:9"],
  ["ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "debian:12"],
  ["gcr.io/distroless/python3-debian12", "debian:12"],
])("%s stands on %s", (image, os) => {
  expect(describeBase(image)?.os?.id).toBe(os);
});

test.each([
  ["python:3.11-slim", "curl", false],
  ["python:3.11-slim", "python", true],
  ["python:3.11", "curl", true],
  ["python:3.11-alpine", "bash", false],
  ["python:3.11-alpine", "wget", true],
  ["debian:12", "wget", false],
  ["ubuntu:22.04", "python3", false],
  ["nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", "curl", false],
  ["nvidia/cuda:12.4.1-devel-ubuntu22.04", "nvcc", true],
  ["nvidia/cuda:12.4.1-devel-ubuntu22.04", "python3", undefined],
  ["nvidia/cuda:12.4.1-runtime-ubuntu22.04", "nvcc", false],
  ["nvidia/cuda:12.4.1-runtime-rockylinux9", "curl", undefined],
  ["continuumio/miniconda3", "conda", true],
  ["continuumio/miniconda3", "curl", undefined],
  ["mambaorg/micromamba:1.5", "conda", false],
  ["ghcr.io/prefix-dev/pixi:latest", "pixi", true],
  ["ghcr.io/astral-sh/uv:latest", "sh", false],
  ["gcr.io/distroless/python3-debian12", "sh", false],
  ["gcr.io/distroless/python3-debian12:debug", "sh", undefined],
])("%s has %s: %s", (image, program, has) => {
  const base = describeBase(image);
  expect(base && baseHas(base, program)).toBe(has);
});

test("no program is both in an image and not", () => {
  for (const image of [
    "debian",
    "alpine",
    "busybox",
    "python:3.12",
    "python:3.12-slim",
    "python:3.12-alpine",
    "node:22",
    "node:22-slim",
    "node:22-alpine",
    "golang:1.23",
    "golang:1.23-alpine",
    "nvidia/cuda:12.4.1-devel-ubuntu22.04",
    "nvidia/cuda:12.4.1-base-ubuntu22.04",
    "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-devel",
    "tensorflow/tensorflow:2.18.0-gpu",
    "nvcr.io/nvidia/pytorch:25.01-py3",
    "continuumio/miniconda3",
    "condaforge/miniforge3",
    "mambaorg/micromamba",
    "mambaorg/micromamba:alpine",
    "ghcr.io/prefix-dev/pixi",
    "ghcr.io/astral-sh/uv",
    "ghcr.io/astral-sh/uv:debian",
    "ghcr.io/astral-sh/uv:python3.12-alpine",
    "quay.io/jupyter/scipy-notebook",
    "gcr.io/distroless/base-debian12:debug",
  ]) {
    const base = describeBase(image);
    expect(base, image).toBeDefined();
    expect(
      [...(base?.has ?? [])].filter((one) => base?.lacks.has(one)),
      image,
    ).toEqual([]);
  }
});

test("frameworks and users are told", () => {
  expect(describeBase("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime")).toMatchObject({
    frameworks: ["torch"],
    cuda: { version: "12.4", flavour: "wheels" },
  });
  expect(describeBase("quay.io/jupyter/pytorch-notebook")?.user).toBe("jovyan");
  expect(describeBase("mambaorg/micromamba:1.5")?.user).toBe("mambauser");
});

test("other people's images, variables and stages are unknown", () => {
  for (const image of ["someone/python:3.11", "scratch", "python:${V}", "builder", "", "Python"]) {
    expect(describeBase(image)).toBeUndefined();
  }
});

test("any name is answered", () => {
  fc.assert(fc.property(fc.string(), (image) => void describeBase(image)));
});
