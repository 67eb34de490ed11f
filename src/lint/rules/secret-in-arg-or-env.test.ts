import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { secretInArgOrEnv } from "./secret-in-arg-or-env.ts";

test.each([
  "ENV AWS_SECRET_ACCESS_KEY=abc",
  "ARG HF_TOKEN",
  "ENV password=x",
  "ARG SSH_PRIVATE_KEY",
  "ENV git_key=",
])("finds %s", (line) => {
  expect(messagesOf(secretInArgOrEnv, `FROM debian:12\n${line}\n`)).toHaveLength(1);
});

test.each([
  "ENV TOKENIZERS_PARALLELISM=false",
  "ENV MAX_TOKEN=4096",
  "ENV PUBLIC_KEY=abc",
  "ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
  "ENV GOOGLE_CREDENTIALS=/secrets/gcp.json",
  "ENV AUTH=false",
  "ENV HF_TOKEN_PATH=/run/token",
])("leaves %s alone", (line) => {
  expect(messagesOf(secretInArgOrEnv, `FROM debian:12\n${line}\n`)).toEqual([]);
});

test("tells an ARG once that a stage names again", () => {
  const found = messagesOf(secretInArgOrEnv, "ARG HF_TOKEN\nFROM debian:12\nARG HF_TOKEN\n");
  expect(found).toHaveLength(1);
});
