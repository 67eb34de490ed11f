import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BaseOptions, findBase } from "./base.ts";

/** The answer in one word, so that a table can hold it. */
function baseOf(lines: string | string[], options: BaseOptions = {}): string {
  const base = findBase(typeof lines === "string" ? lines : lines.join("\n"), options);
  if (base.kind === "image") return base.image;
  return base.kind === "scratch" ? "(scratch)" : `(context ${base.name}=${base.value})`;
}

describe("the base is the image the last stage stands on", () => {
  test.each<[string, string | string[], string]>([
    ["a plain FROM", "FROM debian:12", "debian:12"],
    [
      "a syntax directive first",
      ["# syntax=docker/dockerfile:1", "FROM seedres/base:1", "RUN true"],
      "seedres/base:1",
    ],
    ["comments and blank lines first", ["", "# by hand", "  # indented", "FROM a:1"], "a:1"],
    ["AS is not part of the name", "FROM seedres/base:1 AS app", "seedres/base:1"],
    ["lower case", ["from a:1 as build", "run true"], "a:1"],
    ["indented", "   FROM a:1", "a:1"],
    ["--platform", "FROM --platform=$BUILDPLATFORM a:1 AS x", "a:1"],
    ["Windows line ends", "FROM a:1 AS x\r\nRUN true\r\nFROM x\r\n", "a:1"],
    ["a byte order mark", "\uFEFFFROM a:1", "a:1"],
    [
      "a registry with a port and a digest",
      `FROM localhost:5000/a/b:1@sha256:${"0".repeat(64)}`,
      `localhost:5000/a/b:1@sha256:${"0".repeat(64)}`,
    ],
    ["ARG before FROM", ["ARG TAG=12", "FROM debian:${TAG}"], "debian:12"],
    ["$TAG without braces", ["ARG TAG=12", "FROM debian:$TAG"], "debian:12"],
    ["several ARGs on one line", ["ARG A=x B=\"1.0\" C='z'", "FROM $A:$B-$C"], "x:1.0-z"],
    [
      "an ARG that uses another",
      ["ARG V=12", "ARG IMAGE=debian:${V}-slim", "FROM ${IMAGE}"],
      "debian:12-slim",
    ],
    ["a default in FROM", "FROM ${BASE:-debian:12}", "debian:12"],
    ["a default in FROM for a name without value", ["ARG BASE", "FROM ${BASE:-debian:12}"], "debian:12"],
    ["${X-y} takes an empty value as it is", ["ARG S=", "FROM debian:12${S--slim}"], "debian:12"],
    ["${X:+y}", ["ARG S=1", "FROM debian:12${S:+-slim}"], "debian:12-slim"],
    ["a default within a default", "FROM ${A:-${B:-c:1}}", "c:1"],
    ["suffix and replacement", ["ARG V=3.12.4", "FROM python:${V%.*}-${V//./_}"], "python:3.12-3_12_4"],
    ["quoted", 'FROM "a:1"', "a:1"],
    ["continued lines", ["FROM \\", "  # which one", "", "  a:1 \\", "  AS b"], "a:1"],
    ["another escape character", ["# escape=`", "FROM `", "  a:1"], "a:1"],
    ["an escaped escape does not continue", ["FROM a:1", "RUN echo \\\\", "FROM b:1"], "b:1"],
    [
      "the escape directive counts only at the top",
      ["# a comment", "# escape=`", "FROM a:1", "RUN x `", "FROM b:1"],
      "b:1",
    ],
    ["the last of several stages", ["FROM a:1 AS build", "FROM b:1", "COPY --from=build /x /x"], "b:1"],
    ["through stages", ["FROM a:1 AS one", "FROM one AS two", "FROM two"], "a:1"],
    ["stage names in any case", ["FROM a:1 AS Build", "FROM BUILD"], "a:1"],
    ["the nearest earlier stage of a name", ["FROM a:1 AS x", "FROM b:1 AS x", "FROM x"], "b:1"],
    ["a stage may bear its own image's name", ["FROM debian AS debian", "RUN true"], "debian"],
    ["a later stage is not meant", ["FROM x AS y", "FROM y AS x"], "x"],
    [
      "a stage named by a variable",
      ["ARG WHICH=gpu", "FROM a:1 AS cpu", "FROM b:1 AS gpu", "FROM ${WHICH}"],
      "b:1",
    ],
    ["scratch", ["FROM scratch", "COPY . /"], "(scratch)"],
    ["a heredoc that talks of FROM", ["FROM a:1", "RUN <<EOF", "FROM b:1", "EOF"], "a:1"],
    [
      "two heredocs",
      ["FROM a:1", "COPY <<one <<-'two' /d/", "FROM b:1", "one", "FROM c:1", "\ttwo", "FROM d:1"],
      "d:1",
    ],
    ["a numbered heredoc", ["FROM a:1", "RUN cat 3<<EOF", "FROM b:1", "EOF"], "a:1"],
    ["a heredoc after a continued line", ["FROM a:1", "RUN x && \\", "  cat <<E", "FROM b:1", "E"], "a:1"],
    ["a heredoc under ONBUILD", ["FROM a:1", "ONBUILD RUN <<E", "FROM b:1", "E"], "a:1"],
    ["quoted << is no heredoc", ["FROM a:1", "RUN echo '<<EOF'", "FROM b:1"], "b:1"],
    ["an escaped << is no heredoc", ["FROM a:1", "RUN echo \\<<EOF", "FROM b:1"], "b:1"],
    [
      "a shift and a here-string are no heredocs",
      ["FROM a:1", "RUN echo $((1 << 2)) <<<x", "FROM b:1"],
      "b:1",
    ],
    ["<< in a JSON array is no heredoc", ["FROM a:1", 'RUN ["cat", "<<EOF"]', "FROM b:1"], "b:1"],
    ["ONBUILD FROM is no FROM", ["FROM a:1", "ONBUILD FROM b:1"], "a:1"],
    ["ARG inside a stage does not reach FROM", ["ARG T=1", "FROM a:$T", "ARG T=2", "FROM b:$T"], "b:1"],
  ])("%s", (_what, lines, expected) => {
    expect(baseOf(lines)).toBe(expected);
  });
});

function args(entries: Record<string, string>): Map<string, string> {
  return new Map(Object.entries(entries));
}

describe("the builder's command line", () => {
  const two = ["FROM a:1 AS one", "FROM b:1 AS two", "FROM c:1"];
  test.each<[string, string | string[], BaseOptions, string]>([
    ["--build-arg replaces a default", ["ARG T=1", "FROM a:$T"], { buildArgs: args({ T: "2" }) }, "a:2"],
    [
      "--build-arg reaches ARGs that use it",
      ["ARG T=1", "ARG I=a:$T", "FROM $I"],
      { buildArgs: args({ T: "2" }) },
      "a:2",
    ],
    [
      "--build-arg is taken literally",
      ["ARG T=1", "FROM a:$T"],
      { buildArgs: args({ T: "x$y" }) },
      "(error)",
    ],
    ["an undeclared --build-arg does nothing", "FROM a:${T:-1}", { buildArgs: args({ T: "2" }) }, "a:1"],
    ["--target by name", two, { target: "one" }, "a:1"],
    ["--target in another case", two, { target: "TWO" }, "b:1"],
    ["--target by number", two, { target: "1" }, "b:1"],
    ["an empty --target is none", two, { target: "" }, "c:1"],
    ["TARGETARCH without declaration", "FROM a:1-${TARGETARCH}", { platform: "linux/arm64" }, "a:1-arm64"],
    ["TARGETVARIANT", "FROM a:${TARGETARCH}${TARGETVARIANT}", { platform: "linux/arm/v7" }, "a:armv7"],
    [
      "ARG TARGETARCH without value keeps it",
      ["ARG TARGETARCH", "FROM a:$TARGETARCH"],
      { platform: "linux/arm64" },
      "a:arm64",
    ],
    [
      "a named context replaces an image",
      "FROM alpine",
      { contexts: args({ alpine: "docker-image://b:2" }) },
      "b:2",
    ],
    [
      "names of contexts are shortened",
      "FROM docker.io/library/alpine:latest",
      { contexts: args({ alpine: "docker-image://b:2" }) },
      "b:2",
    ],
    [
      "a named context replaces a stage",
      ["FROM a:1 AS x", "FROM x"],
      { contexts: args({ x: "docker-image://b:2" }) },
      "b:2",
    ],
    [
      "a context that is a folder",
      ["FROM base"],
      { contexts: args({ base: "../dir" }) },
      "(context base=../dir)",
    ],
    ["other contexts change nothing", ["FROM a:1"], { contexts: args({ src: "../dir" }) }, "a:1"],
    ["--from replaces the first FROM", ["FROM a:1 AS x", "FROM x"], { from: "b:1" }, "b:1"],
    ["--from leaves the others", ["FROM a:1", "FROM c:1"], { from: "b:1" }, "c:1"],
  ])("%s", (_what, lines, options, expected) => {
    if (expected === "(error)") expect(() => baseOf(lines, options)).toThrow(/a:x\$y/);
    else expect(baseOf(lines, options)).toBe(expected);
  });
});

describe("what cannot be known is said in a sentence", () => {
  test.each<[string, string | string[], BaseOptions, string, RegExp]>([
    ["no FROM", "RUN true", {}, "DOCKERFILE_INVALID", /has no FROM/],
    ["an empty file", "", {}, "DOCKERFILE_INVALID", /has no FROM/],
    [
      "a variable without value",
      "FROM debian:${VERSION}",
      {},
      "DOCKERFILE_INVALID",
      /"FROM debian:\$\{VERSION\}" \(line 1/,
    ],
    ["nothing left", "FROM $BASE", {}, "DOCKERFILE_INVALID", /no image name/],
    ["FROM alone", ["FROM a", "FROM"], {}, "DOCKERFILE_INVALID", /line 2/],
    ["a FROM of four words", "FROM a as b c", {}, "DOCKERFILE_INVALID", /line 1/],
    ["a missing stage", ["FROM a AS x"], { target: "y" }, "TARGET_MISSING", /no stage "y"/],
    ["a stage number too high", ["FROM a"], { target: "1" }, "TARGET_MISSING", /no stage "1"/],
    ["${X:?message}", "FROM ${BASE:?unset}", {}, "DOCKERFILE_INVALID", /BASE has no value \(unset\)/],
    ["an open brace", "FROM ${BASE", {}, "DOCKERFILE_INVALID", /BASE/],
    ["an open quote", 'FROM "a', {}, "DOCKERFILE_INVALID", /quote is not closed/],
    ["a huge file", `FROM a\n#${"x".repeat(5_000_000)}`, {}, "DOCKERFILE_INVALID", /larger than 4 MiB/],
    ["endless nesting", `FROM ${"${A:-".repeat(50_000)}`, {}, "DOCKERFILE_INVALID", /too deep/],
  ])("%s", (_what, lines, options, code, sentence) => {
    expect(() => baseOf(lines, options)).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(sentence), hint: expect.any(String) }),
    );
  });
});

test("the file's name is in the sentence", () => {
  expect(() => findBase("", { file: "docker/gpu.Dockerfile" })).toThrow("docker/gpu.Dockerfile has no FROM");
});

test("any text gives a base or a DdiffError, never another failure", () => {
  const pieces = fc.constantFrom(
    "FROM ",
    "from a:1",
    " AS x",
    "ARG A=",
    "${A:-",
    "${A//",
    "$A",
    "}",
    "\\",
    "`",
    '"',
    "'",
    "\n",
    "\r\n",
    "RUN <<E",
    "<<-E",
    "\nE\n",
    "# escape=`",
    "#",
    "scratch",
    "--platform=",
    " ",
    "\t",
    "ONBUILD ",
    "[",
    "]",
    "debian:12",
    "*",
    "%%",
    "\u0000",
    "😀",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }), (parts) => {
      try {
        const base = findBase(parts.join(""), { buildArgs: new Map([["A", "v"]]) });
        expect(["image", "scratch", "context"]).toContain(base.kind);
      } catch (error) {
        expect(error).toMatchObject({ name: "DdiffError" });
      }
    }),
    { numRuns: 3000 },
  );
});

test("a chain of stages, commented and continued at will, ends at its image", () => {
  const image = fc.stringMatching(/^[a-z][a-z0-9]{0,8}\/[a-z]{1,8}:[0-9]{1,3}$/);
  const noise = fc.constantFrom(
    "",
    "# FROM evil:1",
    "RUN echo FROM evil:1",
    "RUN <<E\nFROM evil:1\nE",
    "RUN a \\\n # x\n FROM evil:1",
    "LABEL a=<<E",
  );
  fc.assert(
    fc.property(
      image,
      fc.array(noise, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      (name, noises, upper) => {
        const from = upper ? "FROM" : "from";
        const stages = noises.map(
          (line, at) => `${from} ${at === 0 ? name : `s${at - 1}`} AS s${at}\n${line}`,
        );
        expect(baseOf(stages)).toBe(name);
      },
    ),
  );
});
