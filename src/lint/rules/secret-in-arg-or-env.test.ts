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
  "ENV GF_AUTH_ANONYMOUS_ORG_ROLE=Admin",
  "ENV PUBLIC_KEY=abc",
  "ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
  "ENV GOOGLE_CREDENTIALS=/secrets/gcp.json",
  "ENV AUTH=false",
  "ENV HF_TOKEN_PATH=/run/token",
  'ENV OPENAI_API_KEY=""',
  "ENV HF_TOKEN=${HF_TOKEN}",
  "ENV HUGGINGFACEHUB_API_TOKEN=$HF_TOKEN",
])("leaves %s alone", (line) => {
  expect(messagesOf(secretInArgOrEnv, `FROM debian:12\n${line}\n`)).toEqual([]);
});

test("says of the ARG of a stage that is thrown away where it stays", () => {
  const last = "FROM debian:12\nCOPY --from=build /app /app\n";
  expect(messagesOf(secretInArgOrEnv, `FROM debian:12 AS build\nARG CACHE_TOKEN\n${last}`)).toEqual([
    "ARG CACHE_TOKEN stays readable in the cache and the record of the build",
  ]);
});

test.each(["ARG HF_TOKEN\nENV API_TOKEN=$HF_TOKEN", "ENV API_TOKEN=$GIVEN"])(
  "finds a value that is given, or that a base may have: %s",
  (lines) => {
    const found = messagesOf(secretInArgOrEnv, `FROM lab.example/base:1\n${lines}\n`);
    expect(found).toContain("ENV API_TOKEN stays readable in the image for whoever can pull it");
  },
);

test("tells an ARG once that a stage names again", () => {
  const found = messagesOf(secretInArgOrEnv, "ARG HF_TOKEN\nFROM debian:12\nARG HF_TOKEN\n");
  expect(found).toHaveLength(1);
});
