import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { secretInUrl } from "./secret-in-url.ts";

describe("tokens in URLs", () => {
  it.each([
    "git clone https://$GITHUB_TOKEN@github.com/o/r.git",
    "git clone https://oauth2:${TOKEN}@git.example/o/r",
    "pip install --index-url https://user:s3cr3tpw@pypi.example/simple x",
    'pip install "git+https://${PAT}@github.com/o/r"',
  ])("found: %s", (run) => {
    expect(messagesOf(secretInUrl, `FROM debian:12\nARG TOKEN\nRUN ${run}\n`)).toHaveLength(1);
  });

  it.each([
    "git clone ssh://git@github.com/o/r.git",
    "pip install git+https://github.com/o/r@v1",
    "curl https://$HOST/a@b",
    "git clone https://user@git.example/o/r",
    "git clone https://<user>:<password>@git.example/o/r",
    "echo https://github.com/$USER_NAME@x",
  ])("silent: %s", (run) => {
    expect(messagesOf(secretInUrl, `FROM debian:12\nRUN ${run}\n`)).toEqual([]);
  });

  it("is silent about one of a secret mount", () => {
    const run = "RUN --mount=type=secret,id=t,env=TOKEN git clone https://$TOKEN@git.example/o/r";
    expect(messagesOf(secretInUrl, `FROM debian:12\n${run}\n`)).toEqual([]);
  });
});
