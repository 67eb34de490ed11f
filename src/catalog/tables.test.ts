import { expect, test } from "vitest";
import { answer } from "./answers.ts";
import { findFramework, torchOfNgc } from "./frameworks.ts";
import { aptListsBytes, torchCudaBytes, wheelBytes } from "./package-sizes.ts";
import { sources } from "./sources.ts";
import { catalogTables, matchingRows } from "./tables.ts";

test("every table has its rows as wide as its head, and a source with a date", () => {
  for (const table of catalogTables()) {
    expect(table.rows.length).toBeGreaterThan(0);
    for (const row of table.rows) expect(row).toHaveLength(table.columns.length);
    for (const name of table.sources) expect(sources[name].on).toMatch(/^20\d\d-\d\d-\d\d$/);
  }
});

test("a number is found whole", () => {
  const torch = catalogTables().find((one) => one.topic === "torch");
  const found = torch === undefined ? [] : matchingRows(torch, ["2.5"]);
  expect(found.map(([version]) => version)).toEqual(["2.5.1"]);
});

function facts(topic: string, text: string): Record<string, string> {
  return Object.fromEntries(answer(topic, text)?.facts ?? []);
}

test("questions about one thing have an answer", () => {
  expect(facts("gpu", "4090")["compute capability"]).toMatch(/^8\.9/);
  expect(facts("gpu", "rtx409")["did you mean"]).toMatch(/RTX 4090/);
  expect(facts("driver", "550")["the same on GeForce"]).toMatch(/^12\.4 /);
  expect(facts("cuda", "12.4")["with cuDNN"]).toMatch(/12\.4\.1-cudnn-runtime-ubuntu22\.04/);
  expect(facts("torch", "2.5.1")["from PyPI"]).toBe("CUDA 12.4, cuDNN 9.1.0.70");
  expect(facts("image", "nvidia/cuda:12.1.0-cudnn8-devel-ubuntu22.04")["use instead"]).toBe(
    "12.1.1-cudnn8-devel-ubuntu22.04",
  );
  expect(answer("image", "someone/thing:1")).toBeUndefined();
  expect(answer("driver", "abc")).toBeUndefined();
});

test("frameworks are found by any of their versions", () => {
  expect(findFramework("tensorflow", "2.15.1")).toMatchObject({ cuda: "12.2", cudnn: "8.9" });
  expect(findFramework("tensorflow", "1.15")).toBeUndefined();
  expect(findFramework("onnxruntime-gpu", "1.18.1")).toMatchObject({ cuda: "11.8", cudnn: "8" });
  expect(findFramework("onnxruntime-gpu", "1.20.0")).toMatchObject({ cuda: "12", cudnn: "9" });
  expect(findFramework("onnxruntime-gpu", "1.31.1")).toBeUndefined();
  expect(torchOfNgc("25.01-py3")).toMatch(/^2\.6\.0a0/);
});

test("estimates are in bytes", () => {
  // 906.5 MB of torch and 1.88 GB of nvidia wheels.
  expect(torchCudaBytes("2.5.1").wheel / 1e9).toBeCloseTo(2.79, 1);
  // 530.7 MB of torch 2.11, the newest that was measured, and 1.95 GB of CUDA 13.
  expect(torchCudaBytes().wheel / 1e9).toBeCloseTo(2.48, 1);
  expect(wheelBytes("Opencv_Python")).toBe(63_000_000);
  expect(wheelBytes("left-pad")).toBeUndefined();
  expect(aptListsBytes("debian:12")).toBeGreaterThan(10_000_000);
});
