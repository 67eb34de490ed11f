import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { driverTooOld } from "./driver-too-old.ts";

const geforce = [{ name: "GeForce RTX 4090", capability: "8.9", geforce: true }];
const slim = "FROM python:3.12-slim\n";

describe("images and wheels on a driver", () => {
  it.each([
    ["an image of a newer CUDA", "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\n", "545", []],
    ["a branch that leaves GeForce out", "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\n", "550", geforce],
    ["wheels of CUDA 13", `${slim}RUN pip install torch==2.11.0\n`, "570", []],
    ["unpinned wheels of these days", `${slim}RUN pip install torch\n`, "570", []],
    ["the torch of the base", "FROM pytorch/pytorch:2.9.1-cuda13.0-cudnn9-runtime\n", "570", []],
  ])("found: %s", (_, text, driver, gpus) => {
    expect(messagesOf(driverTooOld, text, { target: { driver, gpus } })).toHaveLength(1);
  });

  it.each([
    ["the branch is excepted for data-centre GPUs", "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\n", "550", []],
    [
      "the check is switched off",
      "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nENV NVIDIA_DISABLE_REQUIRE=1\n",
      "545",
      [],
    ],
    ["wheels are less strict than images", `${slim}RUN pip install torch==2.9.0\n`, "550", geforce],
    ["others hold torch at an older version", `${slim}RUN pip install torch xformers==0.0.27\n`, "525", []],
    [
      "wheels for CPUs",
      `${slim}RUN pip install torch --index-url https://download.pytorch.org/whl/cpu\n`,
      "450",
      [],
    ],
    ["a base that is not known", "FROM lab/own:1\nRUN pip install torch\n", "525", []],
  ])("silent: %s", (_, text, driver, gpus) => {
    expect(messagesOf(driverTooOld, text, { target: { driver, gpus } })).toEqual([]);
  });

  it("is silent when no driver is named", () => {
    expect(messagesOf(driverTooOld, "FROM nvidia/cuda:13.1.0-base-ubuntu24.04\n")).toEqual([]);
  });
});
