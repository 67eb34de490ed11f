import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readDockerfile } from "./read.ts";
import { readShell } from "./read-shell.ts";

function commandsOf(text: string) {
  const file = readDockerfile(`FROM x\nENV V=2.5\n${text}`);
  return file.instructions.flatMap((one) => readShell(file, one)).flatMap((script) => script.commands);
}

function written(text: string): string[] {
  return commandsOf(text).map((one) =>
    [one.joint, one.name, ...one.args.map((word) => word.value)].join(" "),
  );
}

describe("the commands of an instruction", () => {
  it.each([
    ["lists", "RUN a 1 && b || c; d & e", ["start a 1", "&& b", "|| c", "; d", "& e"]],
    ["pipes", "RUN a | b | c", ["start a", "| b", "| c"]],
    ["a loop", "RUN for i in 1 2; do a $i; done && b", ["start a $i", "&& b"]],
    ["a branch", "RUN if a; then b; else c; fi", ["start a", "start b", "start c"]],
    ["a substitution", 'RUN a "$(b x)" `c`', ["start a $(b x) `c`", "start b x", "start c"]],
    [
      "words with known variables",
      "RUN pip install torch==${V} $X '$V'",
      ["start pip install torch==2.5 $X $V"],
    ],
    ["a variable that the script sets itself", "RUN V=3; a $V", ["start ", "; a $V"]],
    ["programs that run another", "RUN sudo -E -u me env A=1 nice -n 5 /usr/bin/pip x", ["start pip x"]],
    ["comments between lines", "RUN a \\\n # b && c\n\n && d", ["start a", "&& d"]],
    ["a heredoc that is the script", "RUN <<EOF\nset -e\na $V\nEOF", ["start set -e", "; a 2.5"]],
    ["a heredoc fed to a command", "RUN cat <<EOF > /x && b\na && c\nEOF", ["start cat", "&& b"]],
    ["a heredoc of another language", "RUN <<EOF\n#!/usr/bin/env python3\nimport x\nEOF", []],
    ["sh -c in JSON", 'CMD ["sh", "-c", "exec a \\"b\\" && c"]', ["start a b", "&& c"]],
    ["JSON", 'ENTRYPOINT ["/usr/bin/a", "b c"]', ["start a b c"]],
    ["bash -c in quotes", "RUN bash -lc 'a && b'", ["start bash -lc a && b", "start a", "&& b"]],
    ["a health check", "HEALTHCHECK --interval=3s CMD curl -f x || exit 1", ["start curl -f x", "|| exit 1"]],
    ["a trigger", "ONBUILD RUN a", ["start a"]],
    ["another shell", 'SHELL ["powershell", "-Command"]\nRUN a', []],
    ["a shell behind conda", 'SHELL ["conda", "run", "-n", "x", "/bin/bash", "-c"]\nRUN a', ["start a"]],
  ])("%s", (_, text, wanted) => {
    expect(written(text)).toEqual(wanted);
  });

  it("have the files that they write, and what is set for them alone", () => {
    const [first] = commandsOf("RUN A=1 B='x y' cmd > /a 2>&1 >> /b");
    expect([...(first?.assignments ?? [])]).toEqual([
      ["A", "1"],
      ["B", "x y"],
    ]);
    expect(first?.writes.map((word) => word.value)).toEqual(["/a", "/b"]);
  });
});

test("a word's place is where it was written, across lines, heredocs and JSON", () => {
  const text =
    'FROM x\nRUN apt-get install \\\n # c\n  git \\\n  "curl"\nRUN <<-E\n\tpip install a\n\tE\nCMD ["sh", "-c", "python b.py"]\nRUN bash -c "echo hi"\n';
  const file = readDockerfile(text);
  const words = file.instructions
    .flatMap((one) => readShell(file, one))
    .flatMap((script) => script.commands)
    .flatMap((command) => command.args)
    .map((word) => [word.raw, text.slice(word.start, word.end)]);
  expect(words.filter(([raw, slice]) => raw !== slice)).toEqual([]);
  expect(words.map(([raw]) => raw)).toEqual([
    "install",
    "git",
    '"curl"',
    "install",
    "a",
    "b.py",
    "-c",
    '"echo hi"',
    "hi",
  ]);
});

test("any text gives commands with places inside their instruction, or none", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "a",
      "$(",
      ")",
      "`",
      "'",
      '"',
      "&&",
      "|",
      ";",
      "\\\n",
      "<<E",
      "\nE\n",
      "${x",
      "}",
      "if",
      "fi",
      "{",
      ">",
      "bash -c",
    ),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      const text = `FROM x\nRUN ${pieces.join(" ")}\n`;
      const file = readDockerfile(text);
      for (const one of file.instructions) {
        for (const command of readShell(file, one).flatMap((script) => script.commands)) {
          expect(command.start).toBeGreaterThanOrEqual(one.start);
          expect(command.end).toBeLessThanOrEqual(text.length);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["nested substitutions", `RUN ${"$(".repeat(3000)}`],
  ["nested groups", `RUN ${"( ".repeat(5000)}`],
  ["nested backticks", `RUN ${"`a \\".repeat(3000)}`],
  ["a long list", `RUN ${"a && ".repeat(20_000)}b`],
  ["nested scripts", `RUN ${"bash -c 'a' && ".repeat(2000)}b`],
  ["one long word", `RUN ${"a$b".repeat(50_000)}`],
])("a hostile script of %s is read in a moment", (_, text) => {
  const start = performance.now();
  commandsOf(text);
  expect(performance.now() - start).toBeLessThan(3000);
});
