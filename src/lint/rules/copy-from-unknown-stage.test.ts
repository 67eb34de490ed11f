import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { copyFromUnknownStage } from "./copy-from-unknown-stage.ts";

const file = (from: string): string =>
  `FROM golang:1.25 AS builder\nRUN true\nFROM debian:12 AS app\nCOPY --from=${from} /a /a\nFROM app AS final\nRUN true\n`;

test.each(["bulider", "final", "1", "7", "alpine"])("finds --from=%s", (from) => {
  expect(messagesOf(copyFromUnknownStage, file(from))).toHaveLength(1);
});

test.each(["builder", "Builder", "0", "ghcr.io/astral-sh/uv", "nginx:1.27", "weights", "$WHERE"])(
  "leaves --from=%s alone",
  (from) => {
    expect(messagesOf(copyFromUnknownStage, file(from))).toEqual([]);
  },
);
