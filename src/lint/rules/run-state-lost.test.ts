import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { runStateLost } from "./run-state-lost.ts";

describe("what ends with its RUN", () => {
  it.each([
    "cd /app",
    "export A=1",
    "apt-get update && export A=1",
    "source /opt/venv/bin/activate",
    ". /opt/venv/bin/activate",
    "conda activate app",
    "source ~/.bashrc",
  ])("found: RUN %s", (run) => {
    expect(messagesOf(runStateLost, `FROM debian:12\nRUN ${run}\n`)).toHaveLength(1);
  });

  it.each([
    "cd /app && make",
    "make && cd ..",
    "export A=1 && make",
    "echo export A=1",
    "echo 'conda activate app' >> ~/.bashrc",
    "(cd /app && make)",
    "source ./install.sh",
    "bash -c 'source /opt/venv/bin/activate && pip install .'",
    "test -d /app || cd /app",
    "<<EOF\ncd /app\nmake\nEOF",
  ])("silent: RUN %s", (run) => {
    expect(messagesOf(runStateLost, `FROM debian:12\nRUN ${run}\n`)).toEqual([]);
  });
});
