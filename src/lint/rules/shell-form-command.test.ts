import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { shellFormCommand } from "./shell-form-command.ts";

test.each(["FROM debian:12\nCMD python serve.py $ARGS", "FROM debian:12\nCMD cd /app && python serve.py"])(
  "finds %s",
  (lines) => {
    expect(messagesOf(shellFormCommand, `${lines}\n`)).toHaveLength(1);
  },
);

test.each([
  "FROM debian:12\nCMD exec python serve.py $ARGS",
  "FROM debian:12\nCMD jupyter lab & echo started && /bin/bash",
  "FROM debian:12\nCMD /start_ollama && /bin/bash",
  "FROM debian:12\nCMD bash",
])("leaves %s alone", (lines) => {
  expect(messagesOf(shellFormCommand, `${lines}\n`)).toEqual([]);
});

test("says of a list that is no JSON what makes it run in a shell", () => {
  expect(messagesOf(shellFormCommand, "FROM debian:12\nCMD ['python', 'serve.py']\n")).toEqual([
    "the list is no JSON, so that CMD runs in a shell",
  ]);
});
