import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { undefinedVariable } from "./undefined-variable.ts";

test.each([
  ["a name that the base is known not to set", "FROM debian:12\nENV PYTHONPATH=/app:$PYTHONPATH\n"],
  ["an ARG from before the first FROM", "ARG TAG=1\nFROM lab.example/base:1\nLABEL tag=$TAG\n"],
  ["a misspelt name on any base", "FROM lab.example/base:1\nENV MODEL_DIR=/m\nWORKDIR $MODEL_DIRS\n"],
  ["a use before the ARG", "FROM alpine\nCOPY $foo .\nARG foo=bar\n"],
  ["a heredoc that is expanded", "FROM debian:12\nCOPY <<EOF /etc/app\nit's $MISSING\nEOF\n"],
])("finds %s", (_, text) => {
  expect(messagesOf(undefinedVariable, text)).toHaveLength(1);
});

test.each([
  ["PATH, which every image has", "FROM scratch\nENV PATH=/opt/bin:$PATH\n"],
  ["what an unknown base may set", "FROM lab.example/base:1\nENV LD_LIBRARY_PATH=/x:$LD_LIBRARY_PATH\n"],
  ["what the base is known to set", "FROM nvidia/cuda:12.4.1-base-ubuntu22.04\nLABEL cuda=$CUDA_VERSION\n"],
  ["a default", "FROM debian:12\nWORKDIR ${APP_DIR:-/app}\n"],
  ["a use that is guarded", "FROM debian:12\nENV X=/a${X:+:$X}\n"],
  ["an ARG of the stage below", "FROM alpine AS base\nARG foo=x\nFROM base\nCOPY $foo .\n"],
  ["variables of the shell", "FROM debian:12\nRUN echo $HOSTNAME\n"],
  ["a quoted heredoc", "FROM debian:12\nCOPY <<'EOF' /etc/app\n$MISSING\nEOF\n"],
])("leaves %s alone", (_, text) => {
  expect(messagesOf(undefinedVariable, text)).toEqual([]);
});
