import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { relativeWorkdir } from "./relative-workdir.ts";

test.each([
  "FROM debian:12\nWORKDIR app",
  "FROM debian:12\nRUN git clone https://a.example/lab/serve.git /serve\nWORKDIR serve",
  "FROM debian:12\nRUN cd /opt && git clone https://a.example/lab/serve.git\nWORKDIR serve",
  "FROM debian:12\nWORKDIR serve\nRUN git clone https://a.example/lab/serve.git",
  "FROM debian:12\nRUN git clone https://a.example/lab/serve.git\nWORKDIR server/docs",
])("finds %s", (lines) => {
  expect(messagesOf(relativeWorkdir, `${lines}\n`)).toHaveLength(1);
});

test.each([
  "FROM debian:12\nRUN git clone https://a.example/lab/serve.git\nWORKDIR serve",
  "FROM debian:12\nARG URL=https://a.example/lab/serve.git\nRUN git clone $URL && cd serve && git checkout x\nWORKDIR serve",
  "FROM debian:12\nRUN git clone git@a.example:lab/serve.git code\nWORKDIR code/",
  'FROM debian:12\nRUN git clone https://a.example/lab/serve.git\nWORKDIR "serve/docs/guides"',
])("leaves %s alone", (lines) => {
  expect(messagesOf(relativeWorkdir, `${lines}\n`)).toEqual([]);
});
