import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { ignoreFileMissing } from "./ignore-file-missing.ts";

const text = "FROM python:3.12-slim\nCOPY . /app\n";

test.each([
  "data/squad_download.sh",
  "data/Downloader.py",
  "dataset/README.md",
  "datasets/loader/__init__.py",
  "data/Makefile",
  "data/.gitkeep",
])("%s is code, no data", (path) => {
  expect(messagesOf(ignoreFileMissing, text, { files: { [path]: "x" } })).toEqual([]);
});

test.each([
  "data/train.csv",
  "data/a/img1.jpg",
  "datasets/shard-000.tar",
  "data/notes.py.zip",
  "data/train.parquet",
])("%s is data", (path) => {
  expect(messagesOf(ignoreFileMissing, text, { files: { [path]: "x".repeat(1e6) } })).toEqual([
    "data sets of the context go into the image, as there is no .dockerignore",
  ]);
});

test.each(["data/sbom.csv", "dataset/SPE10/SPE10.DATA", "data/mel.pt"])(
  "%s of less than 1 MB is an example's input",
  (path) => {
    expect(messagesOf(ignoreFileMissing, text, { files: { [path]: "x".repeat(700_000) } })).toEqual([]);
  },
);
