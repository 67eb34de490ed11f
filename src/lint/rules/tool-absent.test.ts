import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { toolAbsent } from "./tool-absent.ts";

const slim = "FROM python:3.12-slim\n";
const health = "HEALTHCHECK CMD curl -f http://localhost/ || exit 1\n";

describe("programs that a stage does not have", () => {
  it.each([
    ["curl in a health check of a slim image", `${slim}${health}`],
    [
      "one that is used before it is installed",
      `${slim}RUN curl -O https://x.example/a && apt-get install -y curl\n`,
    ],
    [
      "one that only another stage installs",
      `${slim}AS a\nRUN apt-get install -y git\n${slim}RUN git clone https://x.example/a\n`.replace(
        "slim\nAS",
        "slim AS",
      ),
    ],
    ["libcurl is no curl", `${slim}RUN apt-get install -y libcurl4\n${health}`],
    ["pip does not bring it", `${slim}RUN pip install -r requirements.txt\n${health}`],
    ["a copied application does not", `${slim}COPY . /app\n${health}`],
    [
      "a stage's virtual environment does not",
      `FROM python:3.12 AS b\n${slim}COPY --from=b /opt/venv /opt/venv\n${health}`,
    ],
  ])("found: %s", (_, text) => {
    expect(messagesOf(toolAbsent, text)).toHaveLength(1);
  });

  it.each([
    ["installed by a package", `${slim}RUN apt-get update && apt-get install -y curl\n${health}`],
    ["installed after the health check", `${slim}${health}RUN apt-get update && apt-get install -y curl\n`],
    ["installed by the stage below", `${slim.trim()} AS a\nRUN apt-get install -y curl\nFROM a\n${health}`],
    ["copied", `${slim}COPY --from=curlimages/curl /usr/bin/curl /usr/bin/curl\n${health}`],
    ["maybe among copied programs", `${slim}COPY --from=tools /out/ /usr/local/bin/\n${health}`],
    ["maybe by a script", `${slim}COPY setup.sh /\nRUN sh /setup.sh\n${health}`],
    ["maybe by a heredoc for bash", `${slim}RUN <<EOF bash\napt-get install -y curl\nEOF\n${health}`],
    ["maybe by packages of a variable", `${slim}ARG PACKAGES\nRUN apt-get install -y $PACKAGES\n${health}`],
    [
      "mounted",
      `${slim}RUN --mount=from=curlimages/curl,source=/usr/bin,target=/opt/bin curl -O https://x.example/\n`,
    ],
    ["an unknown base", `FROM lab/own:1\n${health}`],
    ["a base that the builder names", `ARG BASE=python:3.12-slim\nFROM $BASE\n${health}`],
    ["only tried", `${slim}RUN curl -O https://x.example/a || python -c 'pass'\n`],
    ["only asked for", `${slim}RUN if command -v curl; then curl -O https://x.example/a; fi\n`],
    ["a function of the script", `${slim}RUN git() { true; }; git clone\n`],
    [
      "python of a virtual environment",
      'FROM ubuntu:24.04\nRUN apt-get install -y python3-venv && python3 -m venv /v\nENV PATH=/v/bin:$PATH\nCMD ["python"]\n',
    ],
    ["CMD that is arguments of ENTRYPOINT", `${slim}ENTRYPOINT ["python"]\nCMD ["git"]\n`],
  ])("silent: %s", (_, text) => {
    expect(messagesOf(toolAbsent, text)).toEqual([]);
  });
});
