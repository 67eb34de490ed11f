import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { projectCacheKept } from "./project-cache-kept.ts";

test.each([
  ["RUN poetry install --no-root --no-ansi\nCOPY app app\nRUN poetry install", 1],
  ["RUN poetry install --no-root --only main\nCOPY app app\nRUN poetry install", 2],
  ["RUN poetry install --only main\nCOPY app app\nRUN poetry install", 2],
])("%j has %i installs that fetch", (body, count) => {
  expect(messagesOf(projectCacheKept, `FROM python:3.12-slim\n${body}\n`)).toHaveLength(count);
});
