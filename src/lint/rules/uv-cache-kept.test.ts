import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { uvCacheKept } from "./uv-cache-kept.ts";

test.each([
  ["FROM python:3.12-slim", 1],
  ["FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim", 1],
  ["FROM lab.example/own:1", 0],
  ["ARG BASE\nFROM $BASE", 0],
  ["FROM lab.example/own:1\nRUN pip install uv", 1],
  ["FROM lab.example/own:1\nRUN curl -LsSf https://astral.sh/uv/install.sh | sh", 1],
  ["FROM lab.example/own:1 AS a\nCOPY --from=ghcr.io/astral-sh/uv:0.8 /uv /bin/\nFROM a", 1],
])("%j: uv of a base of which nothing is known may keep no cache (%i)", (head, count) => {
  expect(messagesOf(uvCacheKept, `${head}\nRUN uv pip install --system scipy\n`)).toHaveLength(count);
});
