import { DockerfileParser } from "dockerfile-ast";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readInstructions, splitWords } from "./instructions.ts";

test("instructions carry their keyword, their text and their line", () => {
  expect(readInstructions("# c\nfrom a \\\n  as b\n\nRUN <<E cat\nx\nE\nUSER me\n")).toEqual({
    escape: "\\",
    instructions: [
      { keyword: "FROM", rest: "a   as b", line: 2 },
      { keyword: "RUN", rest: "<<E cat", line: 5 },
      { keyword: "USER", rest: "me", line: 8 },
    ],
  });
});

test("words are cut at blanks outside quotes", () => {
  expect(splitWords(`A=1  B="x y" C='p "q' D=e\\ f`, "\\")).toEqual([
    "A=1",
    'B="x y"',
    `C='p "q'`,
    "D=e\\ f",
  ]);
});

test("the keywords agree with another parser on ordinary Dockerfiles", () => {
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
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.constantFrom("\n", "\r\n"), (lines, newline) => {
      const text = lines.join("\n").replaceAll("\n", newline);
      const peer = DockerfileParser.parse(text).getInstructions();
      expect(readInstructions(text).instructions.map((one) => [one.keyword, one.line])).toEqual(
        peer.map((one) => [one.getKeyword(), one.getRange().start.line + 1]),
      );
    }),
  );
});
