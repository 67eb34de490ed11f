import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { copyToRelative } from "./copy-to-relative.ts";

test.each([
  ["scratch", 0],
  ["alpine:3.22", 1],
  ["$BASE", 1],
])("from %s to . has %i findings", (base, count) => {
  const text = `ARG BASE=alpine:3.22\nFROM golang:1.24 AS build\nRUN true\nFROM ${base}\nCOPY --from=build /app .\n`;
  expect(messagesOf(copyToRelative, text)).toHaveLength(count);
});

test.each([
  ["COPY setup.sh setup.sh\nRUN bash setup.sh", 0],
  ["COPY setup.sh .\nRUN ./setup.sh && rm setup.sh", 0],
  ["COPY dist dist\nRUN pip install dist/*.whl", 0],
  ["COPY setup.sh .\nRUN bash /setup.sh", 1],
  ["RUN bash setup.sh\nCOPY setup.sh .", 1],
])("%j: a RUN that finds the files where they are makes %i findings", (lines, count) => {
  expect(messagesOf(copyToRelative, `FROM python:3.12\n${lines}\n`)).toHaveLength(count);
});

test.each([
  ['COPY --chmod=755 x/run.sh run.sh\nENTRYPOINT ["./run.sh"]', 0],
  ['COPY run.sh run.sh\nFROM a\nENTRYPOINT ["./run.sh"]', 0],
  ['COPY run.sh run.sh\nENTRYPOINT ["/run.sh"]', 1],
  ['COPY run.sh run.sh\nWORKDIR /app\nENTRYPOINT ["./run.sh"]', 1],
])("%j: what is started where it is makes %i findings", (lines, count) => {
  expect(messagesOf(copyToRelative, `FROM python:3.12 AS a\n${lines}\n`)).toHaveLength(count);
});
