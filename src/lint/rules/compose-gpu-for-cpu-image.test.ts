import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { composeGpuForCpuImage } from "./compose-gpu-for-cpu-image.ts";

const text = "services:\n  notebook:\n    build: .\n    gpus: all\n";
const Dockerfile = "FROM python:3.10-slim\nCOPY ./notebooks/. .\nRUN pip3 install -r requirements.txt\n";

test("requirements of a folder that is copied bring CUDA", () => {
  const files = {
    Dockerfile,
    "notebooks/requirements.txt": "sentence-transformers==2.2.2\nfaiss-gpu==1.7.2\n",
  };
  expect(messagesOf(composeGpuForCpuImage, text, { files })).toEqual([]);
});

test("requirements of a folder that is copied do not", () => {
  const files = { Dockerfile, "notebooks/requirements.txt": "flask\n", "src/main.py": "import torch\n" };
  expect(messagesOf(composeGpuForCpuImage, text, { files })).toHaveLength(1);
});
