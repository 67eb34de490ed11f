import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { secretFileCopied } from "./secret-file-copied.ts";

describe("files of secrets", () => {
  it.each([
    ".env",
    "./.env.production",
    "config/.netrc",
    "id_ed25519",
    ".aws/credentials",
    ".aws/",
    "server-key.pem",
    "kaggle.json",
    '["my key/id_rsa", "/k"]',
  ])("found: %s", (source) => {
    const copy = source.startsWith("[") ? source : `${source} /x`;
    expect(messagesOf(secretFileCopied, `FROM debian:12\nCOPY ${copy}\n`)).toHaveLength(1);
  });

  it.each([
    ".env.example",
    "id_rsa.pub",
    "tests/id_rsa",
    "ca.pem",
    "environment.yml",
    ".envrc.sample",
    ".aws.md",
    "keys.py",
  ])("silent: %s", (source) => {
    expect(messagesOf(secretFileCopied, `FROM debian:12\nCOPY ${source} /x\n`)).toEqual([]);
  });

  it("is silent about what .dockerignore keeps out, and about other stages' files", () => {
    const text = "FROM debian:12\nCOPY .env /app/\n";
    expect(messagesOf(secretFileCopied, text, { files: { ".dockerignore": ".env\n" } })).toEqual([]);
    expect(messagesOf(secretFileCopied, "FROM debian:12\nCOPY --from=x .env /app/\n")).toEqual([]);
  });
});
