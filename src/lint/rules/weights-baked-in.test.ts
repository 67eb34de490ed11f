import { expect, test } from "vitest";
import { checkWith, messagesOf } from "../testing/check.ts";
import { chownDoublesCopy } from "./chown-doubles-copy.ts";
import { weightsBakedIn } from "./weights-baked-in.ts";

const model = "x".repeat(21_000_000);

test("weights of the build context count with their bytes, but not those that .dockerignore leaves out", () => {
  const text = "FROM python:3.12-slim\nCOPY . /app\n";
  const files = { "models/w.onnx": model, "src/a.py": "" };
  const [found] = checkWith(weightsBakedIn, text, { files }).findings;
  expect(found?.message).toBe(
    "models/w.onnx (21 MB) is stored in the image, and travels with each version of it",
  );
  expect(found?.waste).toBe(21_000_000);
  const ignored = { ...files, ".dockerignore": "models\n" };
  expect(messagesOf(weightsBakedIn, text, { files: ignored })).toEqual([]);
});

test("small samples and what a cache mount catches are no baked-in weights", () => {
  const files = { "tests/tiny.onnx": "x" };
  expect(messagesOf(weightsBakedIn, "FROM python:3.12\nCOPY . /app\n", { files })).toEqual([]);
  const mounted =
    "FROM python:3.12\nRUN --mount=type=cache,target=/models hf download a/b --local-dir /models\n";
  expect(messagesOf(weightsBakedIn, mounted)).toEqual([]);
});

test("chown -R says how many bytes of the build context it stores again", () => {
  const text = "FROM python:3.12-slim\nCOPY models/ /app/models/\nRUN chown -R 1000 /app\n";
  const [found] = checkWith(chownDoublesCopy, text, { files: { "models/w.onnx": model } }).findings;
  expect(found?.waste).toBe(21_000_000);
  expect(messagesOf(chownDoublesCopy, text, { files: { "models/readme.txt": "x" } })).toEqual([]);
});

test("a model that both branches of an if fetch is one model", () => {
  const text = 'FROM python:3.12\nRUN if [ -n "$GPU" ]; then hf download a/b; else hf download a/b; fi\n';
  expect(messagesOf(weightsBakedIn, text)).toEqual([
    "a/b is stored in the image, and travels with each version of it",
  ]);
});

test("a download has the name of the file that it becomes", () => {
  const text = "FROM python:3.12\nRUN wget -O /models/mask.onnx https://lab.example/ho09o7.onnx\n";
  expect(messagesOf(weightsBakedIn, text)[0]).toMatch(/^mask\.onnx is stored/);
});

test.each([
  [
    "if a; then hf download x/1 && hf download x/2; else hf download y/1 && hf download y/2; fi",
    "x/1 and 1 more are",
  ],
  ["if a; then hf download x/1; elif b; then hf download x/2; fi; hf download x/3", "x/1 and 1 more are"],
  ["case $A in a) hf download x/1 ;; b) hf download x/2 ;; esac", "x/1 is"],
  ["hf download x/1; if a; then hf download x/2; fi", "x/1 and 1 more are"],
])("of a choice one way is counted: %s", (script, said) => {
  const [message] = messagesOf(weightsBakedIn, `FROM python:3.12\nRUN ${script}\n`);
  expect(message).toMatch(new RegExp(`^${said} stored`));
});
