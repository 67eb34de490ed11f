import { expect, test } from "vitest";
import { checkWith, messagesOf } from "../testing/check.ts";
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
  ["a repository of git alone", "FROM python:3.12\nRUN pip install git+https://lab.example/a@v1#egg=a\n", 0],
  ["the same by its name", 'FROM python:3.12\nRUN pip install "a @ git+https://lab.example/a"\n', 0],
  ["a repository and a package", "FROM python:3.12\nRUN pip install git+https://lab.example/a scipy\n", 1],
  ["a repository and a list", "FROM python:3.12\nRUN pip install git+https://lab.example/a -r r.txt\n", 1],
  ["a base by default", "ARG BASE=python:3.12\nFROM $BASE\nRUN pip install scipy\n", 1],
  ["a base that only a build names", "ARG BASE\nFROM $BASE\nRUN pip install scipy\n", 0],
  ["a stage on such a base", "ARG BASE\nFROM $BASE AS a\nFROM a\nRUN pip install scipy\n", 0],
])("%s", (_, text, count) => {
  expect(messagesOf(pipCacheKept, text)).toHaveLength(count);
});

const files = { "requirements.txt": "scipy\n", "more/requirements.txt": "torch==2.5.1\n" };
const scipy = 37_000_000;

test.each([
  ["FROM python:3.12\nCOPY requirements.txt .", scipy],
  ["FROM python:3.12\nWORKDIR /w\nCOPY requirements.txt .\nCOPY more/requirements.txt more/", scipy],
  ["FROM python:3.12\nCOPY . .\nRUN sed -i '/scipy/d' requirements.txt", undefined],
  ["FROM python:3.12\nCOPY . .\nRUN mv more/requirements.txt requirements.txt", undefined],
  ["FROM python:3.12\nCOPY . .\nRUN sed -i s/a/b/ setup.py", scipy],
  ["FROM nvcr.io/nvidia/pytorch:25.01-py3\nCOPY . .", undefined],
])("%j: the waste is that of the file that is installed (%s)", (head, waste) => {
  const text = `${head}\nRUN pip install -r requirements.txt\n`;
  expect(checkWith(pipCacheKept, text, { files }).findings.map((one) => one.waste)).toEqual([waste]);
});
