import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { entrypointWithoutExec } from "./entrypoint-without-exec.ts";

const text = 'FROM python:3.12\nCOPY start.sh /\nENTRYPOINT ["/start.sh"]\n';

test.each([
  ["export A=1\npython serve.py", 1],
  ["exec python serve.py", 0],
  ["python fetch.py\npython bench.py\npython plot.py", 0],
  ["wget https://lab.example/a\nuvicorn app:app", 1],
])("%j: exec is asked of the one program that stays (%i)", (script, count) => {
  const files = { "start.sh": `#!/bin/sh\n${script}\n` };
  expect(messagesOf(entrypointWithoutExec, text, { files })).toHaveLength(count);
});
