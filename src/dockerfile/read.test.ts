import { DockerfileParser } from "dockerfile-ast";
import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Dockerfile, Instruction } from "./document.ts";
import { readDockerfile } from "./read.ts";

const keywordsOf = (text: string) =>
  readDockerfile(text).instructions.map((one) => [one.keyword, one.line, one.endLine]);

describe("instructions", () => {
  it("carry their keyword, their words and their lines", () => {
    const file = readDockerfile("# c\nfrom a \\\n  as b\n\nRUN <<E cat\nx\nE\nUSER me\n");
    expect(
      file.instructions.map((one) => [one.keyword, one.words.map((word) => word.raw), one.line, one.endLine]),
    ).toEqual([
      ["FROM", ["a", "as", "b"], 2, 3],
      ["RUN", ["<<E", "cat"], 5, 7],
      ["USER", ["me"], 8, 8],
    ]);
    expect(file.problems).toEqual([]);
  });

  it.each([
    [
      "a comment and an empty line between continued lines",
      "RUN a \\\n# c\n\n && b\nUSER x",
      [
        ["RUN", 1, 4],
        ["USER", 5, 5],
      ],
    ],
    [
      "an escaped escape character",
      "RUN a \\\\\nUSER x",
      [
        ["RUN", 1, 1],
        ["USER", 2, 2],
      ],
    ],
    [
      "blanks behind the mark",
      "RUN a \\ \t\n b\nUSER x",
      [
        ["RUN", 1, 2],
        ["USER", 3, 3],
      ],
    ],
    [
      "another escape character",
      "# escape=`\nRUN a `\n b \\\nUSER x",
      [
        ["RUN", 2, 3],
        ["USER", 4, 4],
      ],
    ],
    [
      "two heredocs",
      "COPY <<A <<B /x\na\nA\nb\nB\nUSER x",
      [
        ["COPY", 1, 5],
        ["USER", 6, 6],
      ],
    ],
    [
      "an indented end of a heredoc",
      "RUN <<-E\n\ta\n\tE\nUSER x",
      [
        ["RUN", 1, 3],
        ["USER", 4, 4],
      ],
    ],
    [
      "a heredoc in JSON, which is none",
      'RUN ["a", "<<E"]\nUSER x',
      [
        ["RUN", 1, 1],
        ["USER", 2, 2],
      ],
    ],
    [
      "line ends of Windows",
      "RUN a \\\r\n b\r\nUSER x\r\n",
      [
        ["RUN", 1, 2],
        ["USER", 3, 3],
      ],
    ],
    [
      "blanks before a heredoc's name",
      "RUN <<  E cat\na\nE\nUSER x",
      [
        ["RUN", 1, 3],
        ["USER", 4, 4],
      ],
    ],
    [
      "a quote that hides what would open a heredoc",
      "RUN echo 'a <<E' \\<<E\nUSER x",
      [
        ["RUN", 1, 1],
        ["USER", 2, 2],
      ],
    ],
    [
      "a shift that BuildKit takes for a heredoc and other builders do not",
      "RUN echo $((1 << 2))\nUSER x",
      [
        ["RUN", 1, 1],
        ["USER", 2, 2],
      ],
    ],
    [
      "a directive behind a comment, which is a comment",
      "# note=1\n# escape=`\nRUN a \\\n b",
      [["RUN", 3, 4]],
    ],
    ["a mark at the end of the file", "RUN a \\\n", [["RUN", 1, 1]]],
  ])("%s", (_, text, wanted) => {
    expect(keywordsOf(text)).toEqual(wanted);
  });

  it("have flags, JSON strings and heredocs with their places", () => {
    const text =
      'FROM x\nCOPY --from=a --chown="u:g" ["a b", "c\\"d"]\nRUN cat <<-\'E\' \\\n  && x\n\thi $y\n\tE\n';
    const file = readDockerfile(text);
    const [, copy, run] = file.instructions;
    expect(copy?.flags.map((flag) => [flag.name, flag.value, text.slice(flag.start, flag.end)])).toEqual([
      ["from", "a", "--from=a"],
      ["chown", "u:g", '--chown="u:g"'],
    ]);
    expect(copy?.json?.map((word) => [word.value, text.slice(word.start, word.end)])).toEqual([
      ["a b", '"a b"'],
      ['c"d', '"c\\"d"'],
    ]);
    expect(
      run?.heredocs.map((one) => [one.content, one.expands, text.slice(one.body.start, one.body.end)]),
    ).toEqual([["hi $y\n", false, "\thi $y\n"]]);
    expect(run?.words.map((word) => word.raw)).toEqual(["cat", "<<-'E'", "&&", "x"]);
  });
});

it.each([
  ["FROM, COPY, ADD, VOLUME and EXPOSE cut quoted words, too", 'COPY "a b" /c', ['"a', 'b"', "/c"]],
  ["others do not", 'RUN "a b" /c', ['"a b"', "/c"]],
])("%s", (_, text, words) => {
  expect(readDockerfile(text).instructions[0]?.words.map((word) => word.raw)).toEqual(words);
});

it.each([
  ["RUN <<'a b'\n$x\na b", "a b", false],
  ['RUN <<e"o"f\n$x\neof', "eof", false],
  ["RUN <<a\\'b\n$x\na'b", "a'b", true],
  ["RUN <<$E\n$x\n$E", "$E", true],
])("the name of a heredoc is quoted or escaped: %j", (text, name, expands) => {
  const file = readDockerfile(text);
  expect(file.instructions[0]?.heredocs.map((one) => [one.name, one.content, one.expands])).toEqual([
    [name, "$x\n", expands],
  ]);
});

function stateBeforeLast(text: string) {
  const file = readDockerfile(text);
  return file.before(file.instructions.at(-1) as Instruction);
}

describe("what holds before an instruction", () => {
  it.each([
    ["ENV A=1 B=$A", { A: "1", B: undefined }],
    ["ENV A=1\nENV B=${A}2 C='$A'", { A: "1", B: "12", C: "$A" }],
    ["ENV A 1 2", { A: "1 2" }],
    ["ARG G", { G: "global" }],
    ["ARG G=own", { G: "own" }],
    ["ARG N", { N: undefined }],
    ["ARG N\nENV M=${N:-7}", { N: undefined, M: "7" }],
    ["ENV E=env\nARG E=arg", { E: "env" }],
    ["ENV P=/x:$PATH", { P: undefined }],
  ])("%s", (lines, variables) => {
    expect(Object.fromEntries(stateBeforeLast(`ARG G=global\nFROM x\n${lines}\nRUN a`).variables)).toEqual(
      variables,
    );
  });

  it("goes on in the stages that stand on a stage", () => {
    const state = stateBeforeLast(
      'FROM x AS a\nARG B=1\nENV C=2\nUSER me\nWORKDIR /a\nWORKDIR b\nSHELL ["/bin/bash", "-c"]\nFROM A\nRUN x',
    );
    expect([...state.variables]).toEqual([
      ["B", "1"],
      ["C", "2"],
    ]);
    expect([state.user, state.workdir, state.shell]).toEqual(["me", "/a/b", ["/bin/bash", "-c"]]);
  });
});

test("stages know what they stand on, what they take from, and whether anyone needs them", () => {
  const file = readDockerfile(
    "ARG V=3\nFROM python:$V AS A\nFROM scratch AS lost\nFROM a AS c\nFROM debian:$NONE\nCOPY --from=c /x /\nRUN --mount=type=bind,from=0,target=/y z",
  );
  expect(
    file.stages.map((stage) => [
      stage.name,
      stage.base.kind,
      stage.uses.map((one) => one.index),
      stage.reached,
    ]),
  ).toEqual([
    ["a", "image", [], true],
    ["lost", "scratch", [], false],
    ["c", "stage", [0], true],
    [undefined, "unknown", [2, 0], true],
  ]);
});

test.each([
  ["RUN x", ["RUN stands before the first FROM", "there is no FROM"]],
  ["FROM x\nRUNN x", ["there is no instruction RUNN"]],
  ["FROM", ["FROM says nothing"]],
  ["FROM a b", ["FROM takes an image, and AS with a name"]],
  ["FROM a\nRUN <<E\nx", ["the heredoc E is not closed"]],
  ["FROM a\nRUN <<E\n\tE", ["the heredoc E is not closed"]],
  ["FROM a\nRUN echo $((1 << 2))", ["the heredoc 2)) is not closed"]],
  ["FROM a AS 1b", ['1b is no name of a stage: letters, digits, "-", "_" and ".", a letter first']],
  ["FROM a\nCOPY --from b /c", ["--from needs a value: --from=..."]],
  ["FROM a\nONBUILD COPY --chown u b /c", ["--chown needs a value: --chown=..."]],
  ["FROM a\nHEALTHCHECK --intervall=3s CMD b", ["HEALTHCHECK has no flag --intervall (--interval?)"]],
  ["FROM a\nADD --from=b c d", ["ADD has no flag --from"]],
  ["FROM a\nCMD --port 80", ["CMD has no flag --port"]],
  ["FROM a\nARG --b=c D\nADD --link --unpack=true e f\nRUN --device=g h", []],
  ["FROM a\nENV A", ["ENV A has no value"]],
  ["FROM a\nLABEL a=1 b", ["b has no =, as all of LABEL must"]],
  ['FROM a\nCMD ["a", 1]', ["a JSON array of CMD holds strings and nothing else"]],
  ['FROM a\nHEALTHCHECK CMD ["a", ["b"]]', ["a JSON array of HEALTHCHECK holds strings and nothing else"]],
  ["# escape=x\nFROM a", ["escape is \\ or ` and nothing else"]],
  ["# check=skip=all\n# check=error=true\nFROM a", ["there is a second directive check"]],
  ["", ["there is no FROM"]],
])("a problem is named and the rest is read: %j", (text, problems) => {
  expect(readDockerfile(text).problems.map((one) => one.message)).toEqual(problems);
});

const word = fc.stringMatching(/^[a-z0-9/.:=-]{1,12}$/);
const line = fc.oneof(
  fc
    .tuple(fc.constantFrom("FROM", "RUN", "run", "ENV", "COPY", "LABEL"), word, word)
    .map((parts) => parts.join(" ")),
  fc.tuple(word, word).map(([a, b]) => `RUN ${a} \\\n    && ${b}`),
  fc.tuple(word, word).map(([a, b]) => `RUN ${a} \\\n # note\n\n  ${b}`),
  fc
    .tuple(fc.constantFrom("EOF", "-EOF", "'EOF'", '"EOF"'), word)
    .map(([end, body]) => `RUN <<${end}\nFROM ${body}\nEOF`),
  fc.constant("# a comment"),
  fc.constant(""),
);
const newline = fc.constantFrom("\n", "\r\n");

test("the keywords agree with another parser on ordinary Dockerfiles", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), newline, (lines, end) => {
      const text = lines.join("\n").replaceAll("\n", end);
      const peer = DockerfileParser.parse(text).getInstructions();
      expect(readDockerfile(text).instructions.map((one) => [one.keyword, one.line])).toEqual(
        peer.map((one) => [one.getKeyword(), one.getRange().start.line + 1]),
      );
    }),
  );
});

function expectPlaces(file: Dockerfile): void {
  const { text } = file;
  let last = 0;
  for (const one of file.instructions) {
    expect(one.start).toBeGreaterThanOrEqual(last);
    expect(
      text
        .slice(one.keywordRange.start, one.keywordRange.end)
        .replaceAll(/\\[ \t]*\r?\n/g, "")
        .toUpperCase(),
    ).toContain(one.keyword.charAt(0));
    for (const part of [...one.words, ...one.flags, ...(one.json ?? [])]) {
      expect(part.start).toBeGreaterThanOrEqual(one.start);
      expect(part.end).toBeLessThanOrEqual(one.end);
      expect(part.start).toBeLessThan(part.end);
    }
    for (const part of one.words) {
      const written = text.slice(part.start, part.end);
      if (!written.includes("\n")) expect(written).toBe(part.raw);
    }
    last = one.end;
  }
  expect(last).toBeLessThanOrEqual(text.length);
}

test("every place lies where it says, whatever the text", () => {
  const piece = fc.oneof(
    line,
    fc.string({ maxLength: 20 }),
    fc.constantFrom("\\", "<<EOF", '["a"', '--x="', "'", "\\\n", "\uFEFF", "`"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), newline, (pieces, end) => {
      expectPlaces(readDockerfile(pieces.join("\n").replaceAll("\n", end)));
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["continued lines", "RUN a \\\n".repeat(100_000)],
  ["empty continued lines", `RUN a \\\n${"\n".repeat(300_000)}`],
  ["heredocs that never end", `FROM x\n${"RUN <<E\n".repeat(50_000)}`],
  [
    "heredocs of many names that never end",
    Array.from({ length: 50_000 }, (_, at) => `RUN << E${at}`).join("\n"),
  ],
  ["quotes before an opener", `RUN ${"'".repeat(300_001)} <<E`],
  ["openers on one line", `RUN ${"<<E ".repeat(20_000)}\n`],
  ["quotes", `RUN ${'"'.repeat(500_001)}`],
  [
    "stages on stages",
    `FROM x AS a0\n${Array.from({ length: 3000 }, (_, at) => `FROM a${at} AS a${at + 1}`).join("\n")}`,
  ],
  ["flags", `RUN ${"--a=b ".repeat(50_000)}x`],
  ["nested variables", `FROM ${"${a:-".repeat(20_000)}`],
])("a hostile file of %s is read in a moment", (_, text) => {
  const start = performance.now();
  readDockerfile(text);
  expect(performance.now() - start).toBeLessThan(3000);
});
