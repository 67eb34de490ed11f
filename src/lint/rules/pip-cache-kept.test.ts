import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { pipCacheKept } from "./pip-cache-kept.ts";

test.each([
  ["a package", "FROM python:3.12\nRUN pip install scipy\n", 1],
  ["a list of packages", "FROM python:3.12\nRUN pip install -r requirements.txt\n", 1],
  ["the project", "FROM python:3.12\nRUN pip install .\n", 1],
  [
    "a wheel from elsewhere",
    "FROM python:3.12\nRUN pip install https://lab.example/a-1-py3-none-any.whl\n",
    1,
  ],
  ["wheels of the image", "FROM python:3.12\nRUN pip install dist/*.whl /tmp/b-1-py3-none-any.whl\n", 0],
  ["a wheel and a package", "FROM python:3.12\nRUN pip install /tmp/b-1-py3-none-any.whl scipy\n", 1],
  ["a base by default", "ARG BASE=python:3.12\nFROM $BASE\nRUN pip install scipy\n", 1],
  ["a base that only a build names", "ARG BASE\nFROM $BASE\nRUN pip install scipy\n", 0],
  ["a stage on such a base", "ARG BASE\nFROM $BASE AS a\nFROM a\nRUN pip install scipy\n", 0],
])("%s", (_, text, count) => {
  expect(messagesOf(pipCacheKept, text)).toHaveLength(count);
});
